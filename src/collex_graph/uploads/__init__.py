"""Files that strangers give to be checked: each judged in a process of its own, and nothing kept.

`judge` belongs to the serving process: it keeps a folder for each file, asks for a process, waits,
and removes both, whatever happened. `judge_process` is that process: it has a time, a memory, a
room on disk, no network, and tells what it found as JSON, which is never trusted. `page_view` makes
of a report what the page shows, `excerpts` quotes the rows and passages that it is about.
"""
