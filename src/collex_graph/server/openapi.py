"""Describes the interface in OpenAPI 3.1: stored queries, from themselves, and checks of files."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from collex_graph import __version__
from collex_graph.server.messages import LANGUAGES
from collex_graph.server.named_queries import questions
from collex_graph.server.uploads import FAIL_ON, source_names
from collex_graph.sparql.protocol import SNAPSHOT
from collex_graph.uploads.formats import REPORT_FORMATS
from collex_graph.uploads.frames import CORRECTED

if TYPE_CHECKING:
    from collex_graph.server.messages import Language
    from collex_graph.sparql.catalogue import Parameter, StoredQuery

# An absolute IRI, or one of ours without its base.
_IRI = (
    r"^[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\]+$"
    r"|^(id|vocabulary|graph)(/[A-Za-z0-9_~%-][A-Za-z0-9._~%:+-]*)+$"
)
_SNAPSHOT = f"^{SNAPSHOT.pattern}$"
_SCHEMAS: dict[str, dict[str, Any]] = {
    "iri": {"type": "string", "pattern": _IRI},
    "concept": {"type": "string", "pattern": rf"{_IRI}|^[A-Za-z0-9][A-Za-z0-9-]*$"},
    "string": {"type": "string", "pattern": r"\S"},
    "integer": {"type": "integer"},
    "date": {"type": "string", "format": "date"},
    "boolean": {"type": "boolean"},
    "term": {"type": "string"},
}
_CELL = {"type": ["string", "number", "boolean", "null"]}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "advice": {"type": "string"},
    },
}
_RESULT = {
    "type": "object",
    "required": ["query", "snapshot", "total", "page", "page_size", "pages", "columns", "rows"],
    "properties": {
        "query": {"type": "string"},
        "title": {"type": "string"},
        "snapshot": {"type": "string"},
        "parameters": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "total": {"type": "integer", "minimum": 0},
        "page": {"type": "integer", "minimum": 1},
        "page_size": {"type": "integer", "minimum": 1},
        "pages": {"type": "integer", "minimum": 1},
        "next": {"type": ["string", "null"]},
        "limit": {"type": ["integer", "null"]},
        "limit_reached": {"type": "boolean"},
        "columns": {"type": "array", "items": {"type": "string"}},
        "rows": {"type": "array", "items": {"type": "object", "additionalProperties": _CELL}},
    },
}
_FEATURES = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "geometry", "properties"],
                "properties": {
                    "type": {"const": "Feature"},
                    "geometry": {
                        "type": ["object", "null"],
                        "required": ["type", "coordinates"],
                        "properties": {
                            "type": {"type": "string"},
                            "coordinates": {"type": "array"},
                        },
                    },
                    "properties": {"type": "object", "additionalProperties": _CELL},
                },
            },
        },
    },
}
_WORDS = {
    "fr": {
        "title": "Interface de collex-graph",
        "description": "Les requêtes enregistrées, avec des paramètres typés.",
        "format": "Format de la réponse ; à défaut, l’en-tête Accept.",
        "page": "Page de la réponse, à partir de 1 (json, csv, geojson).",
        "page_size": "Lignes d’une page : 100 en JSON ; en CSV et GeoJSON, tout, sans page.",
        "snapshot": "Identifiant des données à interroger, tant qu’elles sont gardées, puis 410 ; "
        "à défaut, les données courantes.",
        "timeout": "Durée limite en secondes ; elle ne peut que baisser celle du service.",
        "ok": "Le résultat",
        "list": "La liste des requêtes",
        "lang": "Langue des textes : fr ou en.",
        "400": "Paramètre absent, inconnu ou d’un autre type",
        "404": "Requête inconnue",
        "406": "Format impossible pour cette réponse",
        "410": "Les données nommées par snapshot ne sont pas ou plus gardées",
        "429": "Temps de calcul épuisé, ou trop de requêtes à la fois ; Retry-After dit quand "
        "revenir",
        "503": "Service occupé ; Retry-After dit quand revenir",
        "validate": "Contrôler un fichier",
        "validate_what": "Le fichier est le corps de la requête, ou le champ « file » d’un "
        "formulaire ; rien n’est gardé. La réponse est 200 avec un rapport, quel que soit le "
        "verdict.",
        "name": "Nom du fichier, d’après lequel on reconnaît aussi sa source.",
        "source": "Ce qu’est le fichier ; sinon, on le reconnaît.",
        "day": "Jour pour lequel les labels valent ; sinon, aujourd’hui.",
        "fail-on": "Gravité à partir de laquelle « fails » est vrai.",
        "report": "Format ; sinon, l’en-tête Accept. « corrected » : le fichier corrigé.",
        "text": "Un texte, à la place d’un fichier.",
        "url": "Une adresse https d’un hôte admis, à la place d’un fichier.",
        "413": "Le fichier est trop gros",
        "415": "Content-Encoding n’est pas lu : envoyer le fichier tel quel",
        "403": "Cette adresse n’est pas lue",
        "422": "Le fichier ne ressemble à rien de connu",
        "502": "L’adresse n’a pas donné de fichier",
        "504": "Durée limite dépassée",
        "507": "Limite de mémoire ou de taille dépassée",
    },
    "en": {
        "title": "Interface of collex-graph",
        "description": "The stored queries, with typed parameters.",
        "format": "Format of the answer; by default the Accept header decides.",
        "page": "Page of the answer, from 1 (json, csv, geojson).",
        "page_size": "Rows of a page: 100 in JSON; in CSV and GeoJSON everything, without page.",
        "snapshot": "Identifier of the data to ask while they are kept, then 410; without it, the "
        "current ones.",
        "timeout": "Time limit in seconds; it can only lower that of the service.",
        "ok": "The result",
        "list": "The list of queries",
        "lang": "Language of texts: fr or en.",
        "400": "A parameter is missing, unknown or of another type",
        "404": "Unknown query",
        "406": "This answer cannot have that format",
        "410": "The data named by snapshot are not kept, or no longer",
        "429": "Computing time is spent, or too many queries at once; Retry-After says when to "
        "come back",
        "503": "The service is busy; Retry-After says when to come back",
        "validate": "Check a file",
        "validate_what": "The file is the body of the request, or the field “file” of a form; "
        "nothing is kept. The answer is 200 with a report, whatever the verdict.",
        "name": "Name of the file, by which its source is recognised too.",
        "source": "What the file is; else it is recognised.",
        "day": "Day on which labels hold; else today.",
        "fail-on": "Gravity from which “fails” is true.",
        "report": "Format of the report; else the Accept header. “corrected”: the corrected file.",
        "text": "A text, in place of a file.",
        "url": "An https address of an allowed host, in place of a file.",
        "413": "The file is too large",
        "415": "Content-Encoding is not read: send the file as it is",
        "403": "This address is not read",
        "422": "The file looks like nothing that is known",
        "502": "The address gave no file",
        "504": "The time limit was passed",
        "507": "The memory or size limit was passed",
    },
}
_CHECK_ERRORS = (
    "400", "403", "406", "413", "415", "422", "429", "502", "503", "504", "507",
)  # fmt: skip
_REPORT = {
    "type": "object",
    "required": [
        "conforms",
        "fails",
        "fail_on",
        "counts",
        "files",
        "left_alone",
        "unknown",
        "results",
    ],
    "properties": {
        "conforms": {"type": "boolean"},
        "fails": {"type": "boolean"},
        "fail_on": {"enum": list(FAIL_ON)},
        "known": {"type": "string"},
        "counts": {
            "type": "object",
            "required": ["Violation", "Warning", "Info"],
            "additionalProperties": {"type": "integer", "minimum": 0},
        },
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "source", "alike", "records"],
                "properties": {
                    "name": {"type": "string"},
                    "source": {"type": "string"},
                    "alike": {"type": "array", "items": {"type": "string"}},
                    "records": {"type": "integer", "minimum": 0},
                },
            },
        },
        "left_alone": {"type": "array", "items": {"type": "string"}},
        "unknown": {"type": "array", "items": {"type": "string"}},
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["severity", "rule"],
                "properties": {
                    "severity": {"enum": ["Violation", "Warning", "Info"]},
                    "rule": {"type": "string"},
                    "file": {"type": "string"},
                    "line": {"type": "integer", "minimum": 1},
                    "row": {"type": "integer", "minimum": 1},
                    "record": {"type": "string"},
                    "column": {"type": "string"},
                    "value": {"type": "string"},
                    "message": {"type": "object", "additionalProperties": {"type": "string"}},
                    "advice": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
        },
    },
}
_ERRORS = ("400", "404", "406", "410", "429", "503", "504", "507")


@cache
def describe_interface(language: Language) -> dict[str, Any]:
    """Return the whole description, its texts in one language."""
    from collex_graph.server.rest import formats_of  # noqa: PLC0415 - it sends what is made here

    words = _WORDS[language]
    paths: dict[str, Any] = {
        "/api/queries": {
            "get": {
                "operationId": "list",
                "summary": words["list"],
                "parameters": [_language_parameter(words)],
                "responses": {
                    "400": _problem(words["400"]),
                    "200": {
                        "description": words["list"],
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "required": ["queries"],
                                    "properties": {"queries": {"type": "array"}},
                                }
                            }
                        },
                    },
                },
            }
        }
    }
    paths["/api/validate"] = {"post": _check(words)}
    for name, query in questions().items():
        paths[f"/api/queries/{name}"] = {
            "get": {
                "operationId": name,
                "summary": query.title[language],
                "description": query.description.get(language, ""),
                "tags": list(query.audience),
                "parameters": [
                    *(_parameter(each, language) for each in query.parameters.values()),
                    *_own_parameters(query, tuple(formats_of(query)), words),
                ],
                "responses": {
                    "200": {"description": words["ok"], "content": _content(formats_of(query))},
                    **{status: _problem(words[status]) for status in _ERRORS},
                },
            }
        }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": words["title"],
            "description": words["description"],
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {
                "Result": _RESULT,
                "Features": _FEATURES,
                "Report": _REPORT,
                "Problem": _PROBLEM,
            }
        },
    }


def _check(words: dict[str, str]) -> dict[str, Any]:
    """Return the operation that checks a file."""
    choices: dict[str, dict[str, Any]] = {
        "source": {"type": "string", "enum": list(source_names())},
        "day": {"type": "string", "format": "date"},
        "fail-on": {"type": "string", "enum": list(FAIL_ON), "default": FAIL_ON[0]},
        "name": {"type": "string", "maxLength": 200},
    }
    fields = {name: schema | {"description": words[name]} for name, schema in choices.items()}
    binary = {"type": "string", "format": "binary"}
    form = {
        "type": "object",
        "properties": {
            "file": binary,
            "text": {"type": "string", "description": words["text"]},
            "url": {"type": "string", "format": "uri", "description": words["url"]},
            **fields,
        },
    }
    types = {each.media_type.partition(";")[0] for each in REPORT_FORMATS.values()}
    contents: dict[str, Any] = {media_type: {} for media_type in sorted(types)}
    contents["application/json"] = {"schema": {"$ref": "#/components/schemas/Report"}}
    contents["application/octet-stream"] = {"schema": binary}
    formats = {"type": "string", "enum": [*REPORT_FORMATS, CORRECTED]}
    return {
        "operationId": "validate",
        "summary": words["validate"],
        "description": words["validate_what"],
        "parameters": [
            *(_query_parameter(name, schema, words[name]) for name, schema in choices.items()),
            _query_parameter("format", formats, words["report"]),
            _language_parameter(words),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": form},
                "application/octet-stream": {"schema": binary},
            },
        },
        "responses": {
            "200": {"description": words["ok"], "content": contents},
            **{status: _problem(words[status]) for status in _CHECK_ERRORS},
        },
    }


def _parameter(parameter: Parameter, language: Language) -> dict[str, Any]:
    schema = dict(_SCHEMAS[parameter.type])
    if parameter.minimum is not None:
        schema["minimum"] = parameter.minimum
    if parameter.maximum is not None:
        schema["maximum"] = parameter.maximum
    if parameter.multiple:
        schema = {"type": "array", "items": schema, "minItems": 1}
    elif parameter.default is not None:
        schema["default"] = _json_value(parameter.default)
    label = parameter.label.get(language, parameter.name)
    if parameter.scheme:
        label += f" (vocabulary/{parameter.scheme})"
    described = _query_parameter(parameter.name, schema, label)
    described["required"] = not parameter.optional and parameter.default is None
    if parameter.example is not None:
        value = _json_value(parameter.example)
        described["example"] = [value] if parameter.multiple else value
    return described


def _own_parameters(
    query: StoredQuery, formats: tuple[str, ...], words: dict[str, str]
) -> list[dict[str, Any]]:
    own = [_query_parameter("format", {"type": "string", "enum": list(formats)}, words["format"])]
    if query.form.value == "SELECT":
        own += [
            _query_parameter("page", {"type": "integer", "minimum": 1}, words["page"]),
            _query_parameter(
                "page_size", {"type": "integer", "minimum": 1, "maximum": 10_000},
                words["page_size"],
            ),
        ]  # fmt: skip
    own += [
        _query_parameter("snapshot", {"type": "string", "pattern": _SNAPSHOT}, words["snapshot"]),
        _query_parameter("timeout", {"type": "number", "exclusiveMinimum": 0}, words["timeout"]),
        _language_parameter(words),
    ]
    return own


def _language_parameter(words: dict[str, str]) -> dict[str, Any]:
    return _query_parameter("lang", {"type": "string", "enum": list(LANGUAGES)}, words["lang"])


def _query_parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _json_value(value: Any) -> Any:
    return value if isinstance(value, str | int | bool) else str(value)


def _content(formats: dict[str, str]) -> dict[str, Any]:
    schemas = {
        "application/json": {"$ref": "#/components/schemas/Result"},
        "application/geo+json": {"$ref": "#/components/schemas/Features"},
    }
    return {
        media_type: {"schema": schemas[media_type]} if media_type in schemas else {}
        for media_type in dict.fromkeys(formats.values())
    }


def _problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
