import { haproxyConfig } from "./haproxy";
import { readServers } from "./state";
import { hostsLines, tinyproxyConfig } from "./tinyproxy";

const web = { name: "n1/web", address: "10.0.0.2" };
const api = { name: "api", address: "10.0.0.3", port: 8080 };

test("longer paths come first, because HAProxy uses the first rule that matches", () => {
  const config = haproxyConfig("shop", {
    upstreams: [web],
    routes: { "/a": [web], "/a/b/c": [api], "/a/b": [api] },
  });
  expect(config.match(/path_beg \S+/g)).toEqual(["path_beg /a/b/c", "path_beg /a/b", "path_beg /a"]);
  expect(config).toContain("server n1-web 10.0.0.2:80 check");
  expect(config).toContain("server api 10.0.0.3:8080 check");
});

test("mode tcp sets no headers; PROXY protocol is sent and accepted if enabled", () => {
  const config = haproxyConfig("edge", {
    mode: "tcp",
    upstreams: [web],
    sendProxy: true,
    acceptProxy: true,
    check: false,
  });
  expect(config).not.toContain("http-request");
  expect(config).toContain("bind :80 accept-proxy");
  expect(config).toMatch(/server n1-web 10\.0\.0\.2:80 send-proxy$/);
});

test("forwardedFor replaces the client's X-Forwarded-For or appends to it", () => {
  const line = (forwardedFor: "replace" | "append"): string =>
    haproxyConfig("x", { upstreams: [web], forwardedFor }).match(/http-request \S+ X-Forwarded-For/)?.[0] ??
    "";
  expect([line("replace"), line("append")]).toEqual([
    "http-request set-header X-Forwarded-For",
    "http-request add-header X-Forwarded-For",
  ]);
});

test("a forward proxy has allowed clients, CONNECT ports and host names", () => {
  const config = tinyproxyConfig("proxy", { allow: ["10.0.0.0/8", "192.0.2.1"], connectPorts: [443, 8443] });
  expect(config.split("\n")).toEqual(
    expect.arrayContaining([
      "Port 8888",
      "Allow 10.0.0.0/8",
      "Allow 192.0.2.1",
      "ConnectPort 443",
      "ConnectPort 8443",
    ]),
  );
  expect(hostsLines("proxy", { "shop.example": "10.0.0.2" })).toEqual(["10.0.0.2\tshop.example"]);
  expect(() => hostsLines("proxy", { "a b": "10.0.0.2" })).toThrow("BAD_NAME");
  expect(() => tinyproxyConfig("proxy", { allow: ["0.0.0.0/0\nPort 1"] })).toThrow();
});

test("the state of servers is read by column name", () => {
  const csv = [
    "# pxname,svname,stot,status,check_status,",
    "clients,FRONTEND,9,OPEN,,",
    "servers,web1,4,UP 1/2,* L4OK,",
    "servers,web2,5,no check,,",
    "servers,web3,0,DOWN 1/2,L4CON,",
    "servers,BACKEND,9,UP,,",
  ].join("\n");
  expect(readServers(csv).map(({ name, state, check }) => `${name} ${state} ${check}`)).toEqual([
    "web1 UP L4OK",
    "web2 UNCHECKED ",
    "web3 DOWN L4CON",
  ]);
});
