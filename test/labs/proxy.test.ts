import { Engine } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import type { NetworkPod } from "../../lib/lab/pod/network-pod";
import { leftovers } from "./leftovers";

jest.setTimeout(60_000);

let lab: Lab;
let client: NetworkPod;
let web1: NetworkPod;
let web2: NetworkPod;
beforeAll(async () => {
  lab = await Lab.open("proxy-test");
  [client, web1, web2] = await Promise.all([
    lab.pod("client"),
    lab.pod("web1", { image: "web" }),
    lab.pod("web2", { image: "web" }),
  ]);
});
afterAll(async () => {
  const { owner } = lab.context.session;
  await lab.close();
  expect(await lab.leaks()).toEqual([]);
  expect(await leftovers(await Engine.connect(), owner)).toEqual([]);
});

describe("a forward proxy", () => {
  test("splits a connection into two TCP connections, as the sockets of client, proxy and server show", async () => {
    const proxy = await lab.proxy("forward", {
      forward: { names: { "shop.example": web1.address }, connectPorts: [80] },
    });
    // Keeps a tunnel open while the sockets are read.
    await client.sh`{ printf 'CONNECT shop.example:80 HTTP/1.1\r\n\r\n'; sleep 30; } | nc ${proxy.address} 8888 > /tmp/answer 2>&1 &
      until grep -qs established /tmp/answer; do sleep 0.02; done`;
    const established = async (place: NetworkPod | typeof proxy): Promise<readonly string[]> =>
      (await place.sh`ss -Htn state established | awk '{ print $3, $4 }' | sort`.text()).trim().split("\n");
    const [atClient, atProxy, atWeb] = await Promise.all([client, proxy, web1].map(established));
    expect([atClient, atProxy, atWeb].map((each) => each?.length)).toEqual([1, 2, 1]);

    const { list, view } = await proxy.connections();
    expect(list.map(({ from, to, state }) => [from, to, state])).toEqual([
      ["client", "forward", "open"],
      ["forward", "web1", "open"],
    ]);
    expect(view.parties?.map(({ name }) => name)).toEqual(["client", "forward", "web1"]);
    expect(atClient).toEqual([`${ends(list[0]?.local)} ${ends(list[0]?.remote)}`]);
    expect(atWeb).toEqual([`${ends(list[1]?.remote)} ${ends(list[1]?.local)}`]);
    await client.sh`pkill nc; pkill sleep; true`;
  });

  test("resolves a name that the client can't resolve, and adds a Via header", async () => {
    const proxy = await lab.proxy("resolver", { forward: { names: { "shop.example": web1.address } } });
    expect((await client.try`curl -s -m 2 http://shop.example/`).exitCode).toBe(6);
    const seen = await proxy.connections(() => client.sh`curl -s -x ${proxy.url} http://shop.example/`);
    expect(seen.result.stdout).toContain("pod: web1");
    expect(seen.result.stdout).toContain(`client: ${proxy.address}:`);
    expect(seen.list).toHaveLength(2);
    expect(seen.list[0]?.lines?.[0]?.text).toBe("GET http://shop.example/ HTTP/1.1");
    expect(seen.list[1]?.lines?.[0]?.text).toBe("GET / HTTP/1.1");
    const version = (await proxy.sh`tinyproxy -v`.text()).trim().replace(" ", "/");
    expect(added(seen.list[1])).toEqual([`Via: 1.1 resolver (${version})`]);
    expect(seen.toString()).toContain('Established connection to host "shop.example"');
  });

  test("refuses requests from other clients, and CONNECT to other ports", async () => {
    const proxy = await lab.proxy("strict", {
      forward: { allow: [client.address], names: { "shop.example": web1.address } },
    });
    const status = (place: NetworkPod | Lab["outside"], url: string): Promise<string> =>
      place.try`curl -s -o /dev/null -w '%{http_code} %{http_connect}' -p -x ${proxy.url} ${url}`.text();
    expect(await status(client, "http://shop.example:80/")).toContain("403");
    expect(await status(lab.outside, "http://shop.example:443/")).not.toContain("200");
    expect((await client.sh`curl -s -x ${proxy.url} http://shop.example/`).stdout).toContain("pod: web1");
  });

  test("runs as an unprivileged user without capabilities", async () => {
    const proxy = await lab.proxy("humble", { forward: {} });
    expect(await proxy.sh`grep -E '^(Uid|CapEff)' /proc/1/status`.text()).toMatch(
      /Uid:\s+[1-9]\d*\s[\s\S]*CapEff:\s+0+$/,
    );
    expect(proxy.config).toContain("ConnectPort 443");
  });
});

describe("a reverse proxy", () => {
  test("routes each path to its servers, adds the client's address, and ignores the client's own X-Forwarded-For", async () => {
    const shop = await lab.reverseProxy("shop", {
      upstreams: [web1],
      routes: { "/api": [web2] },
      headers: ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via"],
    });
    const ask = async (path: string): Promise<string> =>
      client.sh`curl -s -H 'X-Forwarded-For: 203.0.113.9' ${`http://${shop.address}${path}`}`.text();
    expect(await ask("/")).toContain("pod: web1");
    const seen = await shop.connections(() => ask("/api/7"));
    expect(seen.result).toContain("pod: web2");
    expect(seen.list.map(({ from, to }) => `${from} ${to}`)).toEqual(["client shop", "shop web2"]);
    expect(added(seen.list[1])).toEqual([
      `x-forwarded-for: ${client.address}`,
      "x-forwarded-proto: http",
      `forwarded: for=${client.address};host=${shop.address};proto=http`,
      "via: 1.1 shop",
    ]);
    const [request] = (await shop.requests()).slice(-1);
    expect(request).toMatchObject({ server: "web2", status: 200, lost: false, source: seen.list[1]?.local });
  });

  test("terminates TLS: the client verifies the certificate, and the server gets plain HTTP", async () => {
    const edge = await lab.reverseProxy("edge", { upstreams: [web1], tls: { names: ["shop.example"] } });
    const to = `::${edge.address}:`;
    expect((await client.try`curl -s --connect-to ${to} https://shop.example/`).exitCode).toBe(60);
    const trusted = await edge.trustedBy(client);
    const seen = await edge.connections(
      () => client.sh`curl -s --cacert ${trusted} --connect-to ${to} https://shop.example/`,
    );
    expect(seen.list.map(({ protocol }) => protocol)).toEqual(["TLS", "HTTP"]);
    expect(added(seen.list[1])).toContain("x-forwarded-proto: https");
    expect(edge.certificate).not.toContain("PRIVATE");
    expect((await edge.try`grep -l PRIVATE -r /tmp`).stdout).not.toContain("PRIVATE");
    expect(await edge.sh`stat -c '%a %U' /tmp/edge.pem`.text()).toBe("600 haproxy");
  });

  test("in TCP mode the server sees the proxy's address, and with the PROXY protocol the client's", async () => {
    const inner = await lab.reverseProxy("inner", { upstreams: [web1], acceptProxy: true });
    const told = await lab.reverseProxy("told", { mode: "tcp", upstreams: [inner], sendProxy: true });
    const silent = await lab.reverseProxy("silent", { mode: "tcp", upstreams: [web1] });
    expect((await client.get(silent.address)).client.address).toBe(silent.address);
    const seen = await told.connections(() => client.get(told.address));
    expect(seen.result.text).toContain(`x-forwarded-for: ${client.address}`);
    const [front, back] = seen.list;
    expect(seen.list).toHaveLength(2);
    expect(back).toMatchObject({ from: "told", to: "inner", seen: front?.local });
    expect(added(back)[0]).toMatch(new RegExp(`^PROXY TCP4 ${client.address} ${told.address} \\d+ 80$`));
  });

  test("a server dies and returns during 1,000 requests: each lost request is counted and explained", async () => {
    const balanced = await lab.reverseProxy("balanced", { upstreams: [web1, web2], retries: 0 });
    await Promise.all(["web1", "web2"].map((name) => balanced.until(name, "UP")));
    const ask = async (count: number): Promise<readonly string[]> =>
      client.sh`curl -s -o /dev/null -w '%{http_code}\n' --rate 100/s "http://${balanced.address}/?[1-${count}]"`
        .quiet()
        .lines();
    const well = await ask(200);
    const [during] = await Promise.all([ask(400), web1.app("app").kill()]);
    await balanced.until("web1", "DOWN");
    const without = await ask(200);
    await web1.app("app").start();
    await balanced.until("web1", "UP");
    const again = await ask(200);

    const requests = await balanced.requests();
    expect(requests).toHaveLength(1000);
    const lost = requests.filter((request) => request.lost);
    const failed = during.filter((status) => status !== "200");
    expect(failed.length).toBeGreaterThan(0);
    expect(lost).toHaveLength(failed.length);
    expect([...well, ...without, ...again].filter((status) => status !== "200")).toEqual([]);
    // All lost requests went to the dead server before the health check noticed.
    expect(new Set(lost.map(({ server }) => server))).toEqual(new Set(["web1"]));
    for (const { why } of lost) {
      expect(why).toMatch(
        /^(the connection to the server failed|the server refused or closed the connection)/,
      );
    }
    const servers = (from: number, to: number): ReadonlySet<string | undefined> =>
      new Set(requests.slice(from, to).map(({ server }) => server));
    expect(servers(0, 200)).toEqual(new Set(["web1", "web2"]));
    expect(servers(600, 800)).toEqual(new Set(["web2"]));
    expect(servers(800, 1000)).toEqual(new Set(["web1", "web2"]));
  });

  test("with retries on another server, clients don't notice a dead one", async () => {
    const patient = await lab.reverseProxy("patient", { upstreams: [web1, web2], check: false });
    await web1.app("app").kill();
    const seen = await patient.connections(
      () => client.sh`curl -s -o /dev/null -w '%{http_code}\n' "http://${patient.address}/?[1-4]"`,
    );
    expect(seen.result.stdout).toBe("200\n200\n200\n200\n");
    const refused = seen.list.filter(({ state }) => state === "refused");
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every(({ to, seen }) => to === "web1" && seen === undefined)).toBe(true);
    await web1.app("app").start();
  });

  test("an HTTP health check marks a server that replies up, and one without a listener down", async () => {
    const odd = { name: "odd", address: lab.outside.address };
    const none = { name: "none", address: lab.outside.address, port: 81 };
    const picky = await lab.reverseProxy("picky", { upstreams: [odd, none], check: { path: "/" } });
    expect((await picky.until("none", "DOWN")).check).toBe("L4CON");
    expect((await picky.until("odd", "UP")).check).toBe("L7OK");
    expect((await client.get(picky.address)).status).toBe(200);
  });
});

test.each([
  ["a reverse proxy without upstreams", () => lab.reverseProxy("no", { upstreams: [] }), "SELECTOR_EMPTY"],
  [
    "a server without an address",
    () => lab.reverseProxy("no", { upstreams: [{ name: "x", address: "" }] }),
    "BAD_ADDRESS",
  ],
  ["port 0", () => lab.reverseProxy("no", { upstreams: [web1], port: 0 }), "BAD_PORT"],
  [
    "routes in TCP mode",
    () => lab.reverseProxy("no", { mode: "tcp", upstreams: [web1], routes: { "/": [web1] } }),
    "NOT_SUPPORTED",
  ],
  [
    "a path that contains HAProxy configuration",
    () => lab.reverseProxy("no", { upstreams: [web1], routes: { "/a }\n bind :9": [web1] } }),
    "BAD_NAME",
  ],
  [
    "a name with a space",
    () => lab.reverseProxy("no", { upstreams: [web1], tls: { names: ["a b"] } }),
    "BAD_NAME",
  ],
  ["a name without an address", () => lab.proxy("no", { forward: { names: { a: "b" } } }), "BAD_ADDRESS"],
  ["a name that is taken", () => lab.proxy("client", { forward: {} }), "NAME_TAKEN"],
] as const)("%s is refused, and nothing is started", async (_what, start, code) => {
  await expect(start()).rejects.toMatchObject({ code });
  expect(lab.places.has("no")).toBe(false);
});

interface End {
  readonly address: string;
  readonly port: number;
}

const ends = (end: End | undefined): string => (end ? `${end.address}:${end.port}` : "");

const added = (
  one: { readonly lines?: readonly { text: string; added?: boolean }[] } | undefined,
): readonly string[] => (one?.lines ?? []).filter((line) => line.added === true).map(({ text }) => text);
