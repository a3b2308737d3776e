"""The conformance program in Python: reads cases, one JSON object a line, and answers each with a line.

It asks the library as an application does, by the classes of the binding. README.md beside it has the protocol.
"""

import json
import sys
from typing import Any

import clientcert
from render import error_to_json, library_to_json
from steps import Bench

Json = dict[str, Any]


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


def answer(case: Json) -> Json:
    reply: Json = {"id": case["id"]}
    if "steps" not in case:
        reply["library"] = library_to_json(case["headers"])
        return reply
    try:
        file = case.get("file")
        config = clientcert.Config.load(file) if file else clientcert.Config()
        for name, value in case["options"]:
            config.set(name, value)
        for name, data in case["bytes"]:
            config.set(name, bytes.fromhex(data))
        if case.get("dump"):
            reply["dump"] = config.dump()
        verifier = clientcert.Verifier(config)
    except clientcert.Error as error:
        reply["error"] = error_to_json(error)
        return reply
    bench = Bench(verifier, case["variables"])
    reply["answers"] = [bench.take(step) for step in case["steps"]]
    return reply


if __name__ == "__main__":
    main()
