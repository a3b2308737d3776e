"""What a case asks for, step by step."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import clientcert
from clientcert import (
    Dialect,
    HeaderNames,
    HTTPVersion,
    Late,
    Registry,
    Request,
    Requirement,
    Verdict,
    forwarded,
)
from render import (
    Json,
    crls_to_json,
    decision_to_json,
    error_to_json,
    headers_to_json,
    policy_to_json,
    records_to_json,
    verdict_to_json,
)


class Bench:
    """What the steps of one case work on, one after another."""

    def __init__(self, verifier: clientcert.Verifier, variables: Sequence[str]) -> None:
        self.verifier = verifier
        self.variables = variables
        self.headers: list[tuple[str, str]] = []
        self.former: Verdict | None = None
        self._verdict: Verdict | None = None

    @property
    def verdict(self) -> Verdict:
        assert self._verdict is not None, "no step made a verdict"
        return self._verdict

    def take(self, step: Json) -> Json:
        take: Callable[[Json], Json] = getattr(self, "do_" + step["do"])
        return take(step)

    def do_verify(self, step: Json) -> Json:
        chain = [bytes.fromhex(certificate) for certificate in step["chain"]]
        return self.keep(self.verifier.verify(chain, time=step["time"]), step)

    def do_recheck(self, step: Json) -> Json:
        return self.keep(self.verifier.recheck(self.verdict, time=step["time"]), step)

    def do_resolve(self, step: Json) -> Json:
        answer = json.loads(step["answer"])
        return self.keep(self.verifier.resolve(self.verdict, answer, time=step["time"]), step)

    def do_ocsp(self, step: Json) -> Json:
        response = bytes.fromhex(step["response"])
        verdict = self.verifier.ocsp_response(
            self.verdict, step["certificate"], response, time=step["time"]
        )
        return self.keep(verdict, step)

    def do_export_session(self, step: Json) -> Json:
        record = self.verifier.export_session(
            self.verdict, step["host"], handshake_time=step["handshake_time"]
        )
        return {"record": None if record is None else record.hex()}

    def do_resume_session(self, step: Json) -> Json:
        record = bytes.fromhex(step["record"])
        return self.proof(
            self.verifier.resume_session(record, step["host"], time=step["time"]), step
        )

    def do_forward(self, step: Json) -> Json:
        what = step["what"]
        self.headers = []
        answer: Json = {}
        try:
            self.headers = forwarded.write(
                self.verdict,
                Dialect(step["dialect"]),
                unverified=bool(what & 1),
                chain=bool(what & 2),
                details=bool(what & 4),
                names=HeaderNames(**step["names"]),
            )
        except clientcert.Error as error:
            answer["error"] = error_to_json(error)
        return answer | {"headers": headers_to_json(self.headers)}

    def do_verify_forwarded(self, step: Json) -> Json:
        if "headers" in step:
            pairs = [(name, bytes.fromhex(value)) for name, value in step["headers"]]
            self.headers = [(name, value.decode("latin-1")) for name, value in pairs]
        verdict = self.verifier.verify_forwarded(
            Dialect(step["dialect"]),
            step.get("peer"),
            self.headers,
            names=HeaderNames(**step["names"]),
            time=step["time"],
        )
        return self.keep(verdict, step)

    def do_decide(self, step: Json) -> Json:
        fields = dict(step["request"])
        enumerations = {"requirement": Requirement, "http_version": HTTPVersion, "late": Late}
        for name, enumeration in enumerations.items():
            if name in fields:
                fields[name] = enumeration(fields[name])
        decision = self.verifier.decide(self.verdict, Request(**fields), time=step["time"])
        return {"decision": decision_to_json(decision, self.variables, step["time"])}

    def do_policy(self, step: Json) -> Json:
        return {"policy": policy_to_json(self.verifier, step["host"])}

    def do_crls(self, step: Json) -> Json:
        return {"report": crls_to_json(self.verifier, step["time"])}

    def do_reload(self, step: Json) -> Json:
        return outcome(self.verifier.reload)

    def do_refresh(self, step: Json) -> Json:
        return {"changed": self.verifier.refresh()}

    def do_statistics(self, step: Json) -> Json:
        found = self.verifier.statistics
        return {
            "statistics": [
                found.hits,
                found.misses,
                found.entries,
                found.evictions,
                found.insertions,
                found.capacity,
            ]
        }

    def do_confirms(self, step: Json) -> Json:
        return {"confirms": self.verdict.confirms(step["confirmation"])}

    def do_ticket(self, step: Json) -> Json:
        try:
            return {"location": self.verifier.answer_question(self.verdict, step["question"])}
        except clientcert.Error as error:
            return {"error": error_to_json(error)}

    def do_redeem_ticket(self, step: Json) -> Json:
        proof = self.verifier.redeem_ticket(
            step["ticket"], step["host"], step["nonce"], time=step.get("time")
        )
        return self.proof(proof, step)

    def do_registry(self, step: Json) -> Json:
        registry = self.verifier.registry()
        assert registry is not None, "there is no registry"
        registry.act_as(step["actor"])
        answer = outcome(lambda: self.change(registry, step))
        return answer | {
            "audit": records_to_json(registry.audit),
            "list": records_to_json(registry.all()),
        }

    def do_list(self, step: Json) -> Json:
        registry = self.verifier.registry()
        assert registry is not None, "there is no registry"
        what, value = step["what"], step.get("value", "")
        if what == "text":
            return {"list": registry.text()}
        if what == "key":
            found = registry.find(value)
            return {"list": records_to_json([] if found is None else [found])}
        lists: dict[str, Callable[[], list[clientcert.Registration]]] = {
            "all": registry.all,
            "user": lambda: registry.of_user(value),
            "expiring": lambda: registry.expiring(int(value)),
        }
        return {"list": records_to_json(lists[what]())}

    def change(self, registry: Registry, step: Json) -> None:
        verb, user = step["verb"], step.get("user", "")
        data = bytes.fromhex(step.get("data", ""))
        fields: Json = json.loads(step.get("fields", "{}"))
        if verb == "enrol_verdict":
            registry.enrol(self.verdict, user, step["label"])
        elif verb == "enrol_certificate":
            registry.enrol_certificate(user, data, **fields)
        elif verb == "enrol_fingerprint":
            registry.enrol_fingerprint(user, step["key"], **fields)
        elif verb == "renew_beside":
            assert self.former is not None, "there are no two verdicts"
            registry.renew_beside(self.verdict, self.former, step["label"])
        elif verb == "renew_signed":
            registry.renew_signed(self.verdict, data, step["label"])
        elif verb == "import":
            registry.import_text(data)
        elif verb == "used":
            registry.used(step["key"], step["time"])
        elif verb in ("rename", "rename_user"):
            getattr(registry, verb)(step["subject"], step["value"])
        else:
            getattr(registry, verb)(step["subject"])

    def keep(self, verdict: Verdict, step: Json) -> Json:
        self.former, self._verdict = self._verdict, verdict
        return {"verdict": verdict_to_json(verdict, self.variables, step.get("time"))}

    def proof(self, proof: clientcert.Proof, step: Json) -> Json:
        proved = proof.handshake_time
        seconds = 0 if proved is None else int(proved.timestamp())
        return self.keep(proof.verdict, step) | {"handshake_time": seconds}


def outcome(call: Callable[[], Any]) -> Json:
    try:
        call()
    except clientcert.Error as error:
        return {"error": error_to_json(error)}
    return {}
