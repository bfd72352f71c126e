import { readRequests } from "./log";

// Output of HAProxy 2.6 with the log formats of this folder.
test.each([
  [
    "a successful request",
    '172.30.4.3:46838 > 172.30.4.7:80 | 172.30.4.7:55790 > 172.30.4.5:80 | web2 200 ---- 0 0 "GET /api/1 HTTP/1.1"',
    {
      server: "web2",
      status: 200,
      lost: false,
      retries: 0,
      request: "GET /api/1 HTTP/1.1",
      why: "it succeeded",
    },
  ],
  [
    "a request that was retried on another server",
    '172.30.4.3:33292 > 172.30.4.8:80 | 172.30.4.8:49066 > 172.30.4.5:80 | web2 200 ---- +1 0 "GET /?2 HTTP/1.1"',
    { server: "web2", lost: false, retries: 1, source: { address: "172.30.4.8", port: 49066 } },
  ],
  [
    "a request whose server refused the connection",
    '172.30.4.3:33292 > 172.30.4.8:80 | -:0 > 172.30.4.4:80 | web1 503 SC-- 0 1 "GET / HTTP/1.1"',
    { server: "web1", status: 503, lost: true, why: expect.stringContaining("refused") },
  ],
  [
    "a request whose server ended before it replied",
    '172.30.4.3:33292 > 172.30.4.8:80 | 172.30.4.8:4906 > 172.30.4.4:80 | web1 502 SH-- 0 1 "GET / HTTP/1.1"',
    {
      lost: true,
      why: "the server refused or closed the connection after the request was sent, before the response arrived",
    },
  ],
  [
    "a request whose client closed the connection, which is not lost",
    '172.30.4.3:33292 > 172.30.4.8:80 | 172.30.4.8:4906 > 172.30.4.4:80 | web1 200 CD-- 0 1 "GET / HTTP/1.1"',
    { lost: false, why: "the client closed the connection while the response was being sent" },
  ],
  [
    "a connection in mode tcp",
    "172.30.4.3:43128 > 172.30.4.9:80 | 172.30.4.9:40576 > 172.30.4.4:80 | web1 - -- 0 17 -",
    { server: "web1", milliseconds: 17, lost: false, client: { address: "172.30.4.3", port: 43128 } },
  ],
])("%s", (_what, line, wanted) => {
  expect(readRequests(`[NOTICE]   (1) : Loading success.\n${line}\n`)).toEqual([
    expect.objectContaining(wanted),
  ]);
});
