#!/usr/bin/env python3
"""The claims of docs/SECURITY.md, held against the real programs and servers: claims.py FOLDER; started by deploy/security.

Reads from the environment what lib/rabbitmq.sh and lib/postgres.sh export. Prints a line per claim; exit code 1 if one does
not hold. FOLDER is for certificates, logs and stores.
"""

import base64
import json
import os
import pathlib
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
import warnings

PLACE = pathlib.Path(sys.argv[1])
ROOT = pathlib.Path(__file__).resolve().parents[2]
AMQP, AMQPS = os.environ["RECOURSE_TEST_AMQP_URL"], os.environ["RECOURSE_TEST_AMQPS_URL"]
CA = pathlib.Path(os.environ["RECOURSE_TEST_TLS_CA"])
POSTGRES, POSTGRES_CA = os.environ["RECOURSE_TEST_POSTGRES_URL"], os.environ["RECOURSE_TEST_POSTGRES_CA"]
BROKER_LOGS = pathlib.Path(os.environ["RECOURSE_TEST_RABBITMQCTL"]).parent / "log"
MANAGEMENT = os.environ["RECOURSE_TEST_MANAGEMENT_URL"]
BARE = {key: value for key, value in os.environ.items() if not key.startswith("RECOURSE_")}
POLICY = {"RECOURSE_POLICY": str(ROOT / "deploy/policy")}
failed = 0
# That TLS 1.1 should not be spoken is what is to be shown.
warnings.simplefilter("ignore", DeprecationWarning)


def claim(text, holds, detail=""):
    global failed
    print(f"{'holds ' if holds else 'FAILED'}  {text}", flush=True)
    if not holds:
        failed += 1
        print("        " + detail[-1500:].replace("\n", "\n        "), flush=True)


def run(*command, seconds=60, **variables):
    """Exit code and everything that was said; a program that goes on trying is ended after `seconds`."""
    process = subprocess.Popen(
        command, env={**BARE, **POLICY, **variables}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    return process.returncode, output.decode(errors="replace")


def run_until(command, words, seconds=30, **variables):
    """What a worker says until one of `words` is among it."""
    log = PLACE / "worker.log"
    with open(log, "wb") as file:
        process = subprocess.Popen(
            command, env={**BARE, **POLICY, **variables}, stdin=subprocess.DEVNULL, stdout=file,
            stderr=subprocess.STDOUT, start_new_session=True)
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            said = log.read_text(errors="replace")
            if process.poll() is not None or any(word in said for word in words):
                break
            time.sleep(0.1)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=40)
    return log.read_text(errors="replace")


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=PLACE)


def certificate(name, host, authority=CA, days="30"):
    """A certificate for `host`, signed by `authority`, or by itself."""
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={host}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr")
    (PLACE / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
    signer = ["-signkey", f"{name}.key"]
    if authority:
        signer = ["-CA", str(authority), "-CAkey", str(authority.with_suffix(".key")), "-CAcreateserial"]
    openssl("x509", "-req", "-in", f"{name}.csr", *signer, "-days", days, "-extfile", f"{name}.ext", "-out", f"{name}.pem")
    return PLACE / f"{name}.pem"


class Listener:
    """Speaks TLS with the given certificate and notes what a client sends once it has accepted that."""

    def __init__(self, pem, postgres=False, newest=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem, pem.with_suffix(".key"))
        if newest:
            self.context.minimum_version = ssl.TLSVersion.TLSv1
            self.context.maximum_version = newest
            self.context.set_ciphers("ALL:@SECLEVEL=0")
        self.postgres, self.heard, self.tried = postgres, b"", 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            client.settimeout(10)
            self.tried += 1
            try:
                if self.postgres:
                    client.recv(8)  # SSLRequest
                    client.sendall(b"S")
                with self.context.wrap_socket(client, server_side=True) as encrypted:
                    self.heard += encrypted.recv(4096)
            except OSError:
                pass  # refused by the client, which is what most claims are about
            finally:
                client.close()

    def close(self):
        self.socket.close()


def speaks_old(listener):
    """The listener itself would speak TLS 1.1 with who takes it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", listener.port)) as plain:
        if listener.postgres:
            plain.sendall(b"\0\0\0\x08\x04\xd2\x16\x2f")
            plain.recv(1)
        with context.wrap_socket(plain) as encrypted:
            return encrypted.version() == "TLSv1.1"


def encryption(kind, attempt, trusted):
    """`attempt(port, host, authority)` connects to a listener and gives what the program said."""
    postgres = kind == "database"
    good, other = certificate("good", "localhost", trusted), certificate("other", "elsewhere.example", trusted)
    own, expired = certificate("own", "localhost", None), certificate("expired", "localhost", trusted, "0")
    time.sleep(1.5)  # a certificate of no days is over when its second is
    cases = [
        ("is taken with a certificate that a trusted authority has signed for its name", good, trusted, None, True),
        ("is refused with a certificate of an unknown authority", good, own, None, False),
        ("is refused if no authority is named and the system knows none for it", good, None, None, False),
        ("is refused with a certificate for another name", other, trusted, None, False),
        ("is refused with an expired certificate", expired, trusted, None, False),
        ("is refused with a certificate that it has signed itself", own, trusted, None, False),
        ("is refused if it speaks no newer than TLS 1.1", good, trusted, ssl.TLSVersion.TLSv1_1, False),
    ]
    for text, pem, authority, newest, taken in cases:
        listener = Listener(pem, postgres, newest)
        if newest:
            claim("(the listener for the next claim speaks TLS 1.1)", speaks_old(listener))
            listener.heard, listener.tried = b"", 0
        said = attempt(listener.port, "localhost", authority)
        claim(f"a {kind} {text}", listener.tried > 0 and bool(listener.heard) == taken, said)
        claim("… and nothing of the password is sent or said", b"hunter2" not in listener.heard and "hunter2" not in said, said)
        listener.close()


def attempt_broker(port, host, authority):
    query = f"?cacertfile={authority}" if authority else ""
    return run_until(
        ["recourse-parking"], ["trying again", "consuming"], RECOURSE_AMQP_URL=f"amqps://u:hunter2@{host}:{port}/{query}",
        RECOURSE_DATABASE_URL=f"sqlite:{PLACE}/tls")


def attempt_database(port, host, authority):
    # A name that is not this machine's gets sslmode=verify-full by itself; here it is `localhost`, so it is asked for.
    query = "?sslmode=verify-full&connect_timeout=5" + (f"&sslrootcert={authority}" if authority else "")
    return run("recourse", "fund", "show", RECOURSE_DATABASE_URL=f"postgres://u:hunter2@{host}:{port}/x{query}")[1]


def real_encryption():
    said = run_until(["recourse-parking"], ["consuming", "trying again"], RECOURSE_AMQP_URL=f"{AMQPS}?cacertfile={CA}",
                     RECOURSE_DATABASE_URL=f"sqlite:{PLACE}/tls")
    claim("RabbitMQ over TLS is worked with", "consuming" in said, said)
    url = AMQPS.replace("@localhost:", "@127.0.0.1:") + f"?cacertfile={CA}"
    said = run_until(["recourse-parking"], ["consuming", "trying again"], RECOURSE_AMQP_URL=url,
                     RECOURSE_DATABASE_URL=f"sqlite:{PLACE}/tls")
    claim("RabbitMQ under a name that is not in its certificate is refused", "consuming" not in said, said)
    url = POSTGRES.replace("@127.0.0.1:", "@localhost:") + "?sslmode=verify-full&sslrootcert=" + POSTGRES_CA
    another_installation()
    code, said = run("recourse", "store", "init", RECOURSE_AMQP_URL=AMQP, RECOURSE_DATABASE_URL=url)
    if code == 0:
        code, said = run("recourse", "fund", "show", RECOURSE_DATABASE_URL=url)
    claim("PostgreSQL over TLS is worked with", code == 0, said)
    said = run_until(["recourse-parking"], ["trying again"], seconds=15, RECOURSE_AMQP_URL="amqp://u:hunter2@192.0.2.1:5672",
                     RECOURSE_DATABASE_URL=f"sqlite:{PLACE}/tls")
    claim("a connection in clear to another machine is warned of", "in clear" in said and "hunter2" not in said, said)


def manage(method, path, document=None):
    """Asks RabbitMQ's HTTP API."""
    url = urllib.parse.urlsplit(MANAGEMENT)
    request = urllib.request.Request(
        f"http://{url.hostname}:{url.port}/api/{path}", None if document is None else json.dumps(document).encode(),
        {"content-type": "application/json"}, method=method)
    request.add_header("authorization", "Basic " + base64.b64encode(f"{url.username}:{url.password}".encode()).decode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def another_installation():
    """The claims use one broker with several stores: it forgets to which of them it belongs."""
    for exchange in json.loads(manage("GET", "exchanges/%2F")):
        if exchange["name"].startswith("recourse.installation"):
            manage("DELETE", f"exchanges/%2F/{exchange['name']}")


def permissions():
    another_installation()
    _, document = run("recourse", "topology", "permissions", "--json", RECOURSE_AMQP_URL=AMQP)
    users = sorted({row["user"] for row in json.loads(document)["permissions"]})
    for user in users:
        manage("PUT", f"users/{user}", {"password": "hunter2-" + user, "tags": ""})
    manage("POST", "definitions", json.loads(document))
    port = urllib.parse.urlsplit(AMQP).port

    def as_user(user):
        return f"amqp://{user}:hunter2-{user}@127.0.0.1:{port}/%2F"

    for program in ("intake", "routing", "handling", "callback", "penalty", "reports", "parking"):
        said = run_until([f"recourse-{program}"], ["consuming", "trying again"], RECOURSE_AMQP_URL=as_user(f"recourse-{program}"),
                         RECOURSE_DATABASE_URL=f"sqlite:{PLACE}/users")
        claim(f"recourse-{program} works with its own broker user", "consuming" in said, said)
    for thief, program in (("intake", "penalty"), ("reports", "intake"), ("routing", "parking"), ("upstream", "handling")):
        said = run_until([f"recourse-{program}"], ["consuming", "trying again"], RECOURSE_AMQP_URL=as_user(f"recourse-{thief}"),
                         RECOURSE_DATABASE_URL=f"sqlite:{PLACE}/users")
        refused = "consuming" not in said and ("403" in said or "ACCESS_REFUSED" in said)
        claim(f"who has the password of recourse-{thief} cannot read the queue of recourse-{program}", refused, said)
    event = PLACE / "event.ndjson"
    event.write_text((ROOT / "schemas/examples/complaint.received.json").read_text().strip() + "\n")
    code, said = run("recourse", "publish", str(event), RECOURSE_AMQP_URL=as_user("recourse-upstream"))
    claim("upstream may publish to the inbox", code == 0, said)
    code, said = run("recourse", "publish", str(event), seconds=10, RECOURSE_AMQP_URL=as_user("recourse-penalty"))
    told = "".join(path.read_text(errors="replace") for path in BROKER_LOGS.glob("*.log"))
    refused = "exchange 'recourse.inbox' in vhost '/' refused for user 'recourse-penalty'" in told
    claim("who has a worker's password cannot publish to the inbox", code != 0 and refused, said)


def children(pid):
    found = [pid]
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found += children(int(path.parent.name))
    return found


def secret_file(name, text, mode=0o600):
    path = PLACE / name
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def secrets():
    """Passwords that lie in files, and everything that is said where they are used."""
    broker, database = urllib.parse.urlsplit(AMQP).password, urllib.parse.urlsplit(POSTGRES).password
    files = {
        "RECOURSE_AMQP_URL_FILE": secret_file("amqp", AMQP + "\n"),
        "RECOURSE_DATABASE_URL_FILE": secret_file("database", POSTGRES + "?namespace=secrets\n"),
        "RECOURSE_MANAGEMENT_URL_FILE": secret_file("management", MANAGEMENT + "\n"),
    }

    def clean(text):
        return broker not in text and database not in text

    log = PLACE / "supervisor.log"
    another_installation()
    with open(log, "wb") as file:
        supervisor = subprocess.Popen(
            ["recourse", "run"], env={**BARE, **POLICY, **files, "RECOURSE_LOG": "debug"}, stdin=subprocess.DEVNULL,
            stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
    end = time.monotonic() + 60
    while time.monotonic() < end and log.read_text(errors="replace").count("consuming") < 7 and supervisor.poll() is None:
        time.sleep(0.2)
    processes = children(supervisor.pid)
    claim("all workers run with secrets from files", len(processes) == 8, log.read_text(errors="replace"))
    for name in ("cmdline", "environ"):
        shown = "".join((pathlib.Path("/proc") / str(pid) / name).read_bytes().decode(errors="replace") for pid in processes)
        claim(f"no secret in /proc/PID/{name} of supervisor and workers", shown != "" and clean(shown))
    supervisor.terminate()
    supervisor.wait(timeout=60)
    said = log.read_text(errors="replace")
    claim("no secret in the logs at level debug", "consuming" in said and clean(said), "not shown")
    for verb in (["--help"], ["run", "--help"], ["topology", "plan"], ["topology", "verify"], ["topology", "permissions"],
                 ["audit"], ["dead-letters", "list"], ["clock", "show"], ["fund", "show"]):
        _, said = run("recourse", *verb, **files)
        claim(f"no secret in what `recourse {' '.join(verb)}` prints", said != "" and clean(said), "not shown")


def errors():
    """A planted password in every kind of wrong URL."""
    wrong = {
        "a wrong port": "amqp://u:hunter2@localhost:99999/", "a missing escape": "amqp://u:hunter2%zz@localhost/",
        "a wrong scheme": "mqtt://u:hunter2@localhost/", "a wrong query": "amqp://u:hunter2@localhost/?colour=red&verify=perhaps",
    }
    for text, url in wrong.items():
        code, said = run("recourse-intake", RECOURSE_AMQP_URL_FILE=secret_file("wrong", url),
                         RECOURSE_DATABASE_URL=f"sqlite:{PLACE}/wrong")
        claim(f"{text} in the broker's URL ends with 78 and shows no password", code == 78 and "hunter2" not in said, said)
    for text, url in {"a wrong port": "postgres://u:hunter2@localhost:x9/db", "no database": "postgres://u:hunter2@localhost/",
                      "a wrong parameter": "postgres://u:hunter2@localhost/db?options=-c", "another kind": "mysql://u:hunter2@h/d",
                      "a missing escape": "postgres://u:hunter2%@localhost/db"}.items():
        code, said = run("recourse", "fund", "show", RECOURSE_DATABASE_URL_FILE=secret_file("wrong", url))
        claim(f"{text} in the database's URL ends in an error that shows no password", code in (69, 78) and "hunter2" not in said, said)
    port = urllib.parse.urlsplit(AMQP).port
    for text, url in {"refused connections": "amqp://u:hunter2@127.0.0.1:1/", "a wrong password": f"amqp://recourse:hunter2@127.0.0.1:{port}/"}.items():
        said = run_until(["recourse-intake"], ["trying again"], RECOURSE_AMQP_URL_FILE=secret_file("wrong", url),
                         RECOURSE_DATABASE_URL=f"sqlite:{PLACE}/wrong", RECOURSE_LOG="debug")
        claim(f"{text} to the broker are told without the password", "trying again" in said and "hunter2" not in said, said)
    port = urllib.parse.urlsplit(POSTGRES).port
    for text, url in {"refused connections": "postgres://u:hunter2@127.0.0.1:1/db", "a wrong password": f"postgres://recourse:hunter2@127.0.0.1:{port}/postgres"}.items():
        code, said = run("recourse", "fund", "show", RECOURSE_DATABASE_URL_FILE=secret_file("wrong", url))
        claim(f"{text} to the database are told without the password", code == 69 and "hunter2" not in said, said)
    open_file = secret_file("open", AMQP, 0o644)
    another_installation()
    said = run_until(["recourse-parking"], ["consuming"], RECOURSE_AMQP_URL_FILE=open_file, RECOURSE_DATABASE_URL=f"sqlite:{PLACE}/store")
    claim("a secret that everybody may read is warned of", "chmod o-rwx" in said and open_file in said, said)


def files():
    another_installation()
    before = os.umask(0)
    run_until(["recourse-intake"], ["consuming"], RECOURSE_AMQP_URL=AMQP, RECOURSE_DATABASE_URL=f"sqlite:{PLACE}/private/store")
    run_until(["recourse-parking"], ["consuming"], RECOURSE_AMQP_URL=AMQP, RECOURSE_DATABASE_URL=f"sqlite:{PLACE}/private/store")
    os.umask(before)
    made = [PLACE / "private", *(PLACE / "private").rglob("*")]
    open_ones = [f"{path}: {stat.filemode(path.stat().st_mode)}" for path in made if path.stat().st_mode & 0o077]
    claim("no file of the store can be read by others, whatever the umask", len(made) > 3 and not open_ones, "\n".join(open_ones))


def main():
    PLACE.mkdir(parents=True, exist_ok=True)
    print("Encryption")
    encryption("broker", attempt_broker, CA)
    encryption("database", attempt_database, CA)
    real_encryption()
    print("Broker users")
    permissions()
    print("Secrets")
    secrets()
    errors()
    print("Files")
    files()
    print(f"{failed} claims do not hold" if failed else "All claims hold.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
