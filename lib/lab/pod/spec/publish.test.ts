import { publishList, publishOf, publishText } from "./publish";

test.each([
  ["80", [{ hostPort: 0, containerPort: 80, protocol: "tcp" }]],
  ["8080:80", [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }]],
  ["5353:53/udp", [{ hostPort: 5353, containerPort: 53, protocol: "udp" }]],
  ["127.0.0.1:8443:443", [{ hostPort: 8443, containerPort: 443, protocol: "tcp", hostAddress: "127.0.0.1" }]],
  ["127.0.0.1::53/udp", [{ hostPort: 0, containerPort: 53, protocol: "udp", hostAddress: "127.0.0.1" }]],
  ["[::1]:8080:80", [{ hostPort: 8080, containerPort: 80, protocol: "tcp", hostAddress: "::1" }]],
  [
    "8000-8001:80-81/sctp",
    [
      { hostPort: 8000, containerPort: 80, protocol: "sctp" },
      { hostPort: 8001, containerPort: 81, protocol: "sctp" },
    ],
  ],
])("-p %s has the same meaning as in docker run", (text, wanted) => {
  expect(publishOf(text, "web")).toEqual(wanted);
});

test.each(["80", "8080:80", "5353:53/udp", "127.0.0.1:8443:443", "127.0.0.1::53/udp", "[::1]:8080:80"])(
  "-p %s is formatted as it was written",
  (text) => {
    expect(publishOf(text, "web").map(publishText)).toEqual([text]);
  },
);

test.each([
  "",
  "web",
  "8080:",
  "1.2.3.4:80",
  "8000-8002:80-81",
  "8000-8010:80",
  "82-80",
  "80/quic",
  "80:80:80:80",
  "1-9999999",
])("-p %j is refused", (text) => {
  expect(() => publishOf(text, "web")).toThrow("BAD_PORT  web: ");
});

test.each([
  ["70000:80", "BAD_PORT"],
  ["8080:0", "BAD_PORT"],
  ["0:80", undefined],
])("-p %s as part of a list: %s", (text, code) => {
  const read = () => publishList([text], "web");
  if (code) expect(read).toThrow(code);
  else expect(read()).toEqual([{ hostPort: 0, containerPort: 80, protocol: "tcp" }]);
});

test("one host port for two containers' ports is refused", () => {
  expect(() => publishList(["8000-8002:80-82", "8001:90"], "web")).toThrow(
    "PORT_IN_USE  web: host port 127.0.0.1:8001/tcp is published twice",
  );
});
