"""A bot as people write it for matterbridge's API: says what it was told on the command line, then prints what others say.

    python3 script.py URL TOKEN GATEWAY NICK COUNT
"""

import json
import sys
import time
import urllib.request

url, token, gateway, nick, count = sys.argv[1:6]


def ask(path, message=None):
    data = json.dumps(message).encode() if message else None
    request = urllib.request.Request(url + path, data=data)
    request.add_header("Authorization", "Bearer " + token)
    request.add_header("Content-Type", "application/json")
    request.add_header("User-Agent", nick)
    return urllib.request.urlopen(request, timeout=20)


assert ask("/api/health").read() == b"OK"
sent = json.load(ask("/api/message", {"text": "hello from " + nick, "username": nick, "gateway": gateway}))
assert sent["text"] == "hello from " + nick and sent["protocol"] == "api", sent

# Half of them by polling, the rest from the stream.
heard = []
while len(heard) < int(count) // 2:
    heard += [message for message in json.load(ask("/api/messages")) if not message["event"]]
    time.sleep(0.1)
for line in ask("/api/stream"):
    message = json.loads(line)
    if message["event"] != "api_connected":
        heard.append(message)
    if len(heard) >= int(count):
        break
for message in heard:
    print(message["gateway"], message["protocol"], message["account"], message["username"] + ":", message["text"])
