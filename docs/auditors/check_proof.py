"""Check a proof of `village-credit explain --proof` offline, with nothing but Python: python3 check_proof.py FILE KEY.

KEY is the bank's public key in 64 hexadecimal digits, as the bank publishes it (`village-credit package key`): ask for
it elsewhere than where you had the file from. Exit 0: the decision printed was published and is in the signed ledger.
"""

import base64
import hashlib
import json
import sys

P = 2**255 - 19  # Ed25519 (RFC 8032): the field, the group's order, the curve's constant
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def sha256(content):
    return hashlib.sha256(content).digest()


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, point):
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = add(found, point)
        point, number = add(point, point), number >> 1
    return found


def point_of(encoded):
    y, sign = int.from_bytes(encoded, "little") & (2**255 - 1), encoded[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(key, message, signature):
    number = int.from_bytes(signature[32:], "little")
    if len(key) != 32 or len(signature) != 64 or number >= ORDER:
        return False
    said = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    left, right = times(number, BASE), add(point_of(signature[:32]), times(said, point_of(key)))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


def root_by_path(entry, place, size, path):
    found, at, last = sha256(b"\x00" + entry), place, size - 1
    for beside in map(base64.b64decode, path):
        if last == 0:
            raise ValueError("a path is too long")
        if at % 2 or at == last:
            found = sha256(b"\x01" + beside + found)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            found = sha256(b"\x01" + found + beside)
        at, last = at // 2, last // 2
    if last or not 0 <= place < size:
        raise ValueError("a path is too short, or the place is none")
    return found


def check(proof, key):
    """Return the decision and what the ledger was; raise ValueError where something does not hold."""
    said, _, signed = proof["checkpoint"].partition("\n\n")
    name, size, root = said.split("\n")
    dash, signer, content = signed.strip().split(" ")
    content = base64.b64decode(content)
    if (dash, signer) != ("\u2014", name) or content[:4] != sha256(name.encode() + b"\n\x01" + key)[:4]:
        raise ValueError("the checkpoint is signed by another key than the one given")
    if not is_signed(key, (said + "\n").encode(), content[4:]):
        raise ValueError("the checkpoint's signature does not hold")
    act = json.loads(proof["act"])
    found = root_by_path(proof["act"].encode(), proof["act_place"], int(size), proof["act_path"])
    if found != base64.b64decode(root) or act["number"] != proof["act_place"] + 1:
        raise ValueError("the act is not in the ledger that was signed")
    told = act["details"]
    line = root_by_path(proof["line"].encode(), proof["line_place"], told["decision_lines"], proof["line_path"])
    if line.hex() != told["decisions_root"]:
        raise ValueError("the decision is not in the act that is said to have published it")
    return f"{proof['line']}\npublished by act {act['number']} of {size}: {told['publication_id']}, {act['at']}"


if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            print(check(json.load(file), bytes.fromhex(sys.argv[2])))
    except (IndexError, OSError, KeyError, TypeError, ValueError) as fault:
        sys.exit(f"not proven: {fault}" if len(sys.argv) == 3 else __doc__)
