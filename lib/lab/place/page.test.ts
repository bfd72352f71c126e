import { fetchCommand, readPage } from "./page";

const text = "pod: web\nhost: web\nserver: 172.17.0.2:80\nclient: 172.18.0.2:40112\n\nGET / HTTP/1.1\n";

describe("a page of the web image", () => {
  const page = readPage(`${text}\n-wirebook-status 200`, 3);

  it("reports the client's and the server's address", () => {
    expect(page.client).toEqual({ address: "172.18.0.2", port: 40112 });
    expect(page.server).toEqual({ address: "172.17.0.2", port: 80 });
    expect(page.pod).toBe("web");
    expect(page.status).toBe(200);
    expect(page.text).toBe(text);
  });

  it("splits an IPv6 address from its port at the last colon", () => {
    expect(readPage("client: fd00::2:40112\n\n-wirebook-status 200", 1).client).toEqual({
      address: "fd00::2",
      port: 40112,
    });
  });

  it("throws if the response comes from another server and has no such line", () => {
    expect(() => readPage("hello\n-wirebook-status 404", 1).client).toThrow(
      /no line "client:" \(status 404\)/,
    );
  });
});

it("a bare address means its root page over HTTP", () => {
  expect(fetchCommand("172.17.0.2:8080", 5).at(-1)).toBe("http://172.17.0.2:8080/");
  expect(fetchCommand("https://web/a", 5).at(-1)).toBe("https://web/a");
});
