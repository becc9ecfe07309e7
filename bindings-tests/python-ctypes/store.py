"""A host's own storage, which answers the commands of a task: a dictionary. And a key that the host holds."""

import base64
import hashlib
import hmac
import json


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def padded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class DictStore:
    """Compares and swaps by version, and admits by GCRA, as the storage contract says."""

    def __init__(self, secret=None):
        self.entries, self.times, self.secret = {}, {}, secret

    def answer(self, command):
        return getattr(self, command["command"])(command)

    def load(self, command):
        return {"reply": "loaded", "entries": [self.entries.get(key) for key in command["keys"]]}

    def cas(self, command):
        key, found = command["key"], self.entries.get(command["key"])
        if (found and found["version"]) != command["expect"]:
            return {"reply": "conflict", "entry": found}
        if command["write"] is None:
            del self.entries[key]
        else:
            self.entries[key] = command["write"]
        return {"reply": "done"}

    def throttle(self, command):
        stored = self.times.get(command["key"], 0)
        then = max(stored, command["now_us"]) + command["cost"] * command["interval_us"]
        if then - command["now_us"] > command["burst_us"]:
            return {"reply": "denied", "tat_us": stored}
        self.times[command["key"]] = then
        return {"reply": "admitted", "tat_us": then}

    def list(self, command):
        after, by = padded(command["after"] or ""), command["by"]
        found = sorted(
            (padded(key), key) for key, entry in self.entries.items() if entry[by] == command["value"] and padded(key) > after
        )
        entries = [{"key": key, **self.entries[key]} for _, key in found[: command["limit"]]]
        return {"reply": "listed", "entries": entries, "next": entries[-1]["key"] if len(found) > len(entries) > 0 else None}

    def sign(self, command):
        return {"reply": "signed", "signature": unpadded(self._mac(command))}

    def verify_signature(self, command):
        return {"reply": "verified", "valid": hmac.compare_digest(self._mac(command), padded(command["signature"]))}

    def _mac(self, command):
        assert command["algorithm"] == "HS256", command
        return hmac.new(self.secret, padded(command["message"]), hashlib.sha256).digest()


def drive(library, task, store):
    """Steps a task to its end; returns its result, or raises its error."""
    reply = None
    while (command := library.text("task_step", task, reply)) is not None:
        # Asked without an answer, the task says the same again.
        assert library.text("task_step", task, None) == command
        reply = json.dumps(store.answer(json.loads(command)))
    return library.text("task_result", task)
