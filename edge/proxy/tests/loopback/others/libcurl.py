"""libcurl.py FOLDER PLAN: does what the plan says with the libcurl that pip put
into the folder, one step after the other; prints what came of each, as JSON.

A step has `url` and `ca`; it may have `proxy`, `http` (1.1 or 2), `fields`,
`post` or `put` (a file), `save` (a file), and `says`: files that are sent as
messages of a WebSocket and come back."""
import json, sys, time

folder, plan = sys.argv[1:]
sys.path.insert(0, folder)
import pycurl

# What pycurl has no names for: libcurl's CURLOPT_SUPPRESS_CONNECT_HEADERS,
# CURLPROXY_HTTPS and CURLPROXY_HTTPS2.
SUPPRESS_CONNECT_HEADERS = 265
PROXIES = {"http": pycurl.PROXYTYPE_HTTP, "https": 2, "https2": 3, "socks5h": pycurl.PROXYTYPE_SOCKS5_HOSTNAME}
VERSIONS = {"1.1": pycurl.CURL_HTTP_VERSION_1_1, "2": pycurl.CURL_HTTP_VERSION_2_0}


def handle(step, told):
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, step["url"])
    curl.setopt(pycurl.CAINFO, step["ca"])
    curl.setopt(pycurl.TIMEOUT, 30)
    curl.setopt(pycurl.VERBOSE, True)
    curl.setopt(pycurl.DEBUGFUNCTION, lambda kind, says: told.append(says.decode("latin1").strip()) if kind == 0 else None)
    curl.setopt(pycurl.HTTP_VERSION, VERSIONS[step.get("http", "1.1")])
    curl.setopt(pycurl.HTTPHEADER, step.get("fields", []))
    kind, _, proxy = step.get("proxy", "").partition("://")
    curl.setopt(pycurl.PROXY, proxy)
    if proxy:
        curl.setopt(pycurl.PROXYTYPE, PROXIES[kind])
        curl.setopt(pycurl.PROXY_CAINFO, step["ca"])
    else:
        curl.setopt(pycurl.NOPROXY, "*")
    return curl


def fetch(curl, step):
    head, body = [], open(step.get("save", "/dev/null"), "wb")
    curl.setopt(SUPPRESS_CONNECT_HEADERS, True)
    curl.setopt(pycurl.HEADERFUNCTION, lambda line: head.append(line.decode("latin1").strip()))
    curl.setopt(pycurl.WRITEDATA, body)
    if "post" in step:
        curl.setopt(pycurl.POSTFIELDS, open(step["post"], "rb").read())
    if "put" in step:
        curl.setopt(pycurl.UPLOAD, True)
        curl.setopt(pycurl.READDATA, open(step["put"], "rb"))
    curl.perform()
    body.close()
    return {"status": curl.getinfo(pycurl.RESPONSE_CODE), "head": head}


def again(act, deadline):
    while True:
        try:
            return act()
        except BlockingIOError:
            assert time.monotonic() < deadline, "nothing came"
            time.sleep(0.002)


def converse(curl, step):
    curl.setopt(pycurl.CONNECT_ONLY, 2)
    curl.perform()
    deadline, same = time.monotonic() + 30, []
    for file in step["says"]:
        says, sent, got = open(file, "rb").read(), 0, b""
        while True:
            rest = says[sent:]
            flags = pycurl.WS_BINARY | (pycurl.WS_OFFSET if sent else 0)
            sent += again(lambda: curl.ws_send(rest, flags), deadline)
            if sent >= len(says):
                break
        while True:
            part, about = again(lambda: curl.ws_recv(65536), deadline)
            got += part
            if len(got) >= len(says) and not about.bytesleft:
                break
        same.append(got == says[::-1])
    curl.ws_close(1000)
    return {"same": same}


def work(step):
    told = []
    curl = handle(step, told)
    try:
        came = converse(curl, step) if "says" in step else fetch(curl, step)
    except pycurl.error as error:
        came = {"error": error.args[1]}
    finally:
        curl.close()
    return came | {"told": told}


print(json.dumps([work(step) for step in json.loads(plan)]))
