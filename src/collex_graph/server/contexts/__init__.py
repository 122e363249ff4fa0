"""What each template may use: one frozen dataclass per page, and the small things they share.

A template receives ``page`` (the dataclass whose name ends in ``Context``, in the module of its
page), ``site`` (the frame around it) and ``t`` (the words of its language). Everything in a context
is ready to be shown: templates choose the order and the elements, never the content.
"""
