"""A MongoDB server for tests. The protocol is written here; filters, sorts, projections and counts are mongomock's.

mongo.py PORT [USER PASSWORD] listens on loopback; where there is a user, whoever has not signed in may only greet.
Sources: MongoDB's specifications of the wire protocol, the commands and authentication; RFC 5802 and 7677 for SCRAM.
"""

import hashlib
import hmac
import itertools
import os
import socketserver
import struct
import sys
import threading
import time
from base64 import b64decode, b64encode

import bson
import mongomock
from bson import Int64
from mongomock.store import ServerStore
from pymongo.errors import BulkWriteError, OperationFailure

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
CHECKSUM, MORE_TO_COME = 1, 2
# A real server fills the first batch with 101 documents and the others with 16 MB: here also the others are small.
FIRST_BATCH, NEXT_BATCH = 101, 500
ROUNDS = 4096
BEFORE_SIGN_IN = {"hello", "isMaster", "ismaster", "saslStart", "saslContinue", "buildInfo", "ping", "endSessions"}


class Refusal(Exception):
    """A command fails with one of MongoDB's error codes."""

    def __init__(self, code, name, message):
        super().__init__(message)
        self.answer = {"ok": 0.0, "errmsg": message, "code": code, "codeName": name}


class Hangup(Exception):
    """The connection ends without an answer."""


class Databases:
    """Everything that is stored, with the open cursors of all clients."""

    def __init__(self):
        self.client = mongomock.MongoClient(_store=ServerStore())
        self.views, self.cursors, self.ids, self.lock = {}, {}, itertools.count(7_000_000_001), threading.Lock()

    def list_databases(self, _):
        """Databases with the bytes of their documents."""
        found = []
        for name in self.client.list_database_names():
            database = self.client[name]
            collections = [database[collection] for collection in database.list_collection_names()]
            size = sum(len(bson.encode(document)) for collection in collections for document in collection.find())
            found.append({"name": name, "sizeOnDisk": Int64(size), "empty": False})
        return {"databases": found, "totalSize": Int64(sum(each["sizeOnDisk"] for each in found))}

    def list_collections(self, command):
        """Collections and views of a database."""
        database = command["$db"]
        names = [{"name": name, "type": "collection"} for name in self.client[database].list_collection_names()]
        names += [{"name": name, "type": "view"} for home, name in self.views if home == database]
        return self.open_cursor(f"{database}.$cmd.listCollections", iter(names), command.get("cursor", {}))

    def create(self, command):
        """A collection, or a view on one."""
        database, name = command["$db"], command["create"]
        if "viewOn" in command:
            self.views[database, name] = command["viewOn"], command["pipeline"]
        else:
            self.client[database].create_collection(name)
        return {}

    def insert(self, command):
        """Documents, in their order."""
        documents = command["documents"]
        try:
            self.client[command["$db"]][command["insert"]].insert_many(documents)
        except BulkWriteError as error:
            failed = [{key: each[key] for key in ("index", "code", "errmsg")} for each in error.details["writeErrors"]]
            return {"n": error.details["nInserted"], "writeErrors": failed}
        return {"n": len(documents)}

    def find(self, command):
        """The first batch of what matches."""
        database, name = command["$db"], command["find"]
        limit, sort = command.get("limit", 0), list(command.get("sort", {}).items())
        if (database, name) in self.views:
            stages = [("$match", command.get("filter")), ("$sort", command.get("sort")), ("$skip", command.get("skip"))]
            stages += [("$limit", limit), ("$project", command.get("projection"))]
            found = self.through_view(database, name, [{stage: value} for stage, value in stages if value])
        else:
            found = self.client[database][name].find(command.get("filter", {}), command.get("projection") or None)
            found = found.sort(sort) if sort else found
            found = found.skip(command.get("skip", 0)).limit(abs(limit))
        # MongoDB stores `_id` first, and so gives it first.
        found = ({"_id": each["_id"], **each} if "_id" in each else each for each in found)
        return self.open_cursor(f"{database}.{name}", found, command)

    def aggregate(self, command):
        """The first batch of a pipeline's results."""
        database, name = command["$db"], command["aggregate"]
        if (database, name) in self.views:
            found = self.through_view(database, name, command["pipeline"])
        else:
            found = self.client[database][name].aggregate(command["pipeline"])
        return self.open_cursor(f"{database}.{name}", iter(found), command.get("cursor", {}))

    def through_view(self, database, name, stages):
        """What the stages make of a view."""
        source, pipeline = self.views[database, name]
        return self.client[database][source].aggregate([*pipeline, *stages])

    def count(self, command):
        """How many documents match."""
        return {"n": self.client[command["$db"]][command["count"]].count_documents(command.get("query", {}))}

    def get_more(self, command):
        """The next batch."""
        number = command["getMore"]
        if number not in self.cursors:
            raise Refusal(43, "CursorNotFound", f"cursor id {number} not found")
        namespace, documents = self.cursors[number]
        batch = list(itertools.islice(documents, command.get("batchSize", NEXT_BATCH)))
        return {"cursor": {"id": self.keep(number, namespace, documents), "ns": namespace, "nextBatch": batch}}

    def kill_cursors(self, command):
        """Forgets cursors."""
        known = [number for number in command["cursors"] if self.cursors.pop(number, None)]
        return {"cursorsKilled": known}

    def open_cursor(self, namespace, documents, options):
        """The first batch, and a cursor for the others."""
        batch = list(itertools.islice(documents, options.get("batchSize", FIRST_BATCH)))
        number = 0 if options.get("singleBatch") else self.keep(next(self.ids), namespace, documents)
        return {"cursor": {"id": Int64(number), "ns": namespace, "firstBatch": batch}}

    def keep(self, number, namespace, documents):
        """The cursor's number while there is more, 0 afterwards."""
        self.cursors.pop(number, None)
        following = next(documents, None)
        if following is None:
            return Int64(0)
        self.cursors[number] = namespace, itertools.chain([following], documents)
        return Int64(number)

    def server_status(self, _):
        """As much of it as tests ask for."""
        return {"metrics": {"cursor": {"open": {"total": Int64(len(self.cursors))}}}}

    COMMANDS = {
        "listDatabases": list_databases, "listCollections": list_collections, "create": create, "insert": insert,
        "find": find, "aggregate": aggregate, "count": count, "getMore": get_more, "killCursors": kill_cursors,
        "serverStatus": server_status,
    }


class Faults:
    """The fail point `failCommand`, with which MongoDB itself is tested."""

    def __init__(self):
        self.skip, self.times, self.data = 0, 0, {}

    def configure(self, command):
        """Takes a `configureFailPoint` command."""
        mode = command["mode"]
        self.skip = mode.get("skip", 0) if isinstance(mode, dict) else 0
        self.times = 0 if mode == "off" else mode.get("times", sys.maxsize) if isinstance(mode, dict) else sys.maxsize
        self.data = command.get("data", {})
        return {}

    def strike(self, name):
        """Fails, ends the connection or waits, if it is the turn of the command."""
        if self.times == 0 or name not in self.data["failCommands"]:
            return
        if self.skip > 0:
            self.skip -= 1
            return
        self.times -= 1
        if self.data.get("blockConnection"):
            time.sleep(self.data["blockTimeMS"] / 1000)
        if self.data.get("closeConnection"):
            raise Hangup
        if "errorCode" in self.data:
            raise Refusal(self.data["errorCode"], "FailPoint", "Failing command via 'failCommand' failpoint")


class Account:
    """The one user and what a server keeps of a password."""

    def __init__(self, user, password):
        self.user, self.salt = user, os.urandom(28)
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), self.salt, ROUNDS)
        self.stored = hashlib.sha256(digest(salted, b"Client Key")).digest()
        self.server = digest(salted, b"Server Key")


class SignIn:
    """One conversation by SCRAM-SHA-256."""

    def __init__(self, account, command):
        fields = parts(command["payload"].split(b",", 2)[2])
        user = fields["n"].replace("=2C", ",").replace("=3D", "=")
        if command["mechanism"] != "SCRAM-SHA-256" or command["$db"] != "admin" or user != account.user:
            raise Refusal(18, "AuthenticationFailed", "Authentication failed.")
        self.account, self.short = account, command.get("options", {}).get("skipEmptyExchange", False)
        self.nonce = fields["r"] + b64encode(os.urandom(18)).decode()
        first = f"r={self.nonce},s={b64encode(account.salt).decode()},i={ROUNDS}"
        self.said, self.signed_in, self.answer = f"{command['payload'].decode()[3:]},{first}", False, first.encode()

    def go_on(self, command):
        """Takes the proof; an empty exchange may follow it. Answers whether that was all."""
        if self.signed_in:
            self.answer = b""
            return True
        start, proof = command["payload"].rsplit(b",p=", 1)
        signed = f"{self.said},{start.decode()}".encode()
        key = bytes(a ^ b for a, b in zip(b64decode(proof), digest(self.account.stored, signed), strict=True))
        if parts(start)["r"] != self.nonce or hashlib.sha256(key).digest() != self.account.stored:
            raise Refusal(18, "AuthenticationFailed", "Authentication failed.")
        self.signed_in, self.answer = True, b"v=" + b64encode(digest(self.account.server, signed))
        return self.short


def digest(key, message):
    """HMAC-SHA-256."""
    return hmac.new(key, message, hashlib.sha256).digest()


def parts(text):
    """The attributes of a SCRAM message."""
    return dict(part.split("=", 1) for part in text.decode().split(","))


class Connection(socketserver.StreamRequestHandler):
    """One client."""

    databases, faults, account = Databases(), Faults(), None

    def setup(self):
        """Nobody has signed in yet."""
        super().setup()
        self.sign_in, self.signed_in = None, self.account is None

    def handle(self):
        """Answers until the client goes."""
        try:
            while head := self.rfile.read(16):
                if head.startswith(b"\x16\x03"):
                    # TLS, which this server does not speak: MongoDB hangs up as well.
                    return
                length, request, _, kind = struct.unpack("<iiii", head)
                self.serve(request, kind, self.rfile.read(length - 16))
        except (Hangup, OSError, struct.error):
            pass

    def serve(self, request, kind, body):
        """Answers one message."""
        if kind == OP_QUERY:
            # Only the first greeting of older drivers comes this way.
            answer = bson.encode(self.answer(bson.decode(body[body.index(b"\0", 4) + 9 :])))
            self.send(request, OP_REPLY, struct.pack("<iqii", 8, 0, 0, 1) + answer)
        elif kind == OP_MSG:
            flags, command = message(body)
            answer = self.answer(command)
            if not flags & MORE_TO_COME:
                self.send(request, OP_MSG, struct.pack("<IB", 0, 0) + bson.encode(answer))
        else:
            raise Hangup

    def send(self, request, kind, body):
        """Writes a message."""
        self.wfile.write(struct.pack("<iiii", len(body) + 16, 0, request, kind) + body)

    def answer(self, command):
        """Runs a command; what mongomock refuses is refused in MongoDB's way."""
        try:
            return {**self.run(next(iter(command)), command), "ok": 1.0}
        except Refusal as refusal:
            return refusal.answer
        except OperationFailure as error:
            return Refusal(error.code or 2, "BadValue", str(error)).answer
        except NotImplementedError as error:
            return Refusal(238, "NotImplemented", str(error)).answer
        except (TypeError, ValueError) as error:
            return Refusal(2, "BadValue", str(error)).answer

    def run(self, name, command):
        """The answer to a command by its name."""
        if not self.signed_in and name not in BEFORE_SIGN_IN:
            raise Refusal(13, "Unauthorized", f"Command {name} requires authentication")
        self.faults.strike(name)
        match name:
            case "hello" | "isMaster" | "ismaster":
                return self.greet(command)
            case "saslStart":
                return self.start_sign_in(command)
            case "saslContinue":
                return self.exchange(self.sign_in.go_on(command))
            case "buildInfo":
                return {"version": "7.0.0", "versionArray": [7, 0, 0, 0], "maxBsonObjectSize": 16777216}
            case "ping" | "endSessions":
                return {}
            case "configureFailPoint":
                return self.faults.configure(command)
        if name not in Databases.COMMANDS:
            raise Refusal(59, "CommandNotFound", f"no such command: '{name}'")
        with self.databases.lock:
            return Databases.COMMANDS[name](self.databases, command)

    def greet(self, command):
        """What the server is, and the start of a sign-in that came along."""
        told = {
            "ismaster": True, "isWritablePrimary": True, "helloOk": True, "maxBsonObjectSize": 16777216,
            "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 100000, "logicalSessionTimeoutMinutes": 30,
            "minWireVersion": 0, "maxWireVersion": 21, "readOnly": False,
        }
        if self.account and command.get("saslSupportedMechs") == f"admin.{self.account.user}":
            told["saslSupportedMechs"] = ["SCRAM-SHA-256"]
        if self.account and "speculativeAuthenticate" in command:
            start = command["speculativeAuthenticate"]
            try:
                told["speculativeAuthenticate"] = self.start_sign_in({**start, "$db": start.get("db", "admin")})
            except Refusal:
                # The client learns it when it signs in by itself.
                pass
        return told

    def start_sign_in(self, command):
        """The answer to the first message of a sign-in."""
        if self.account is None:
            raise Refusal(18, "AuthenticationFailed", "Authentication failed.")
        self.sign_in = SignIn(self.account, command)
        return self.exchange(False)

    def exchange(self, done):
        """A message of a sign-in."""
        self.signed_in = self.signed_in or self.sign_in.signed_in
        return {"conversationId": 1, "done": done, "payload": self.sign_in.answer}


def message(body):
    """The flags and the command of an OP_MSG, with the documents that came beside it."""
    (flags,) = struct.unpack_from("<I", body)
    at, end, command, beside = 4, len(body) - (4 if flags & CHECKSUM else 0), {}, {}
    while at < end:
        kind, (size,) = body[at], struct.unpack_from("<i", body, at + 1)
        section = body[at + 1 : at + 1 + size]
        if kind == 0:
            command = bson.decode(section)
        else:
            name, documents = section[4:].split(b"\0", 1)
            beside[name.decode()] = bson.decode_all(documents)
        at += 1 + size
    return flags, {**command, **beside}


class Server(socketserver.ThreadingTCPServer):
    """Listens; a thread for each client."""

    allow_reuse_address = daemon_threads = True
    request_queue_size = 64


if __name__ == "__main__":
    if len(sys.argv) > 2:
        Connection.account = Account(*sys.argv[2:4])
    Server(("127.0.0.1", int(sys.argv[1])), Connection).serve_forever()
