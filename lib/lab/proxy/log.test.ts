import { readRequests } from "./log";

// From HAProxy 2.6 with the log formats of this folder.
test.each([
  [
    "a request that went well",
    '172.30.4.3:46838 > 172.30.4.7:80 | 172.30.4.7:55790 > 172.30.4.5:80 | web2 200 ---- 0 0 "GET /api/1 HTTP/1.1"',
    {
      server: "web2",
      status: 200,
      lost: false,
      retries: 0,
      request: "GET /api/1 HTTP/1.1",
      why: "it went well",
    },
  ],
  [
    "one that was tried again on another server",
    '172.30.4.3:33292 > 172.30.4.8:80 | 172.30.4.8:49066 > 172.30.4.5:80 | web2 200 ---- +1 0 "GET /?2 HTTP/1.1"',
    { server: "web2", lost: false, retries: 1, source: { address: "172.30.4.8", port: 49066 } },
  ],
  [
    "one whose server refused",
    '172.30.4.3:33292 > 172.30.4.8:80 | -:0 > 172.30.4.4:80 | web1 503 SC-- 0 1 "GET / HTTP/1.1"',
    { server: "web1", status: 503, lost: true, why: expect.stringContaining("refused") },
  ],
  [
    "one whose server ended before it answered",
    '172.30.4.3:33292 > 172.30.4.8:80 | 172.30.4.8:4906 > 172.30.4.4:80 | web1 502 SH-- 0 1 "GET / HTTP/1.1"',
    {
      lost: true,
      why: "the server refused or ended the connection after the request was sent, before the answer came",
    },
  ],
  [
    "one whose client went away, which nobody lost",
    '172.30.4.3:33292 > 172.30.4.8:80 | 172.30.4.8:4906 > 172.30.4.4:80 | web1 200 CD-- 0 1 "GET / HTTP/1.1"',
    { lost: false, why: "the client ended the connection while the answer was coming" },
  ],
  [
    "a connection on layer 4",
    "172.30.4.3:43128 > 172.30.4.9:80 | 172.30.4.9:40576 > 172.30.4.4:80 | web1 - -- 0 17 -",
    { server: "web1", milliseconds: 17, lost: false, client: { address: "172.30.4.3", port: 43128 } },
  ],
])("%s", (_what, line, wanted) => {
  expect(readRequests(`[NOTICE]   (1) : Loading success.\n${line}\n`)).toEqual([
    expect.objectContaining(wanted),
  ]);
});
