import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runNestedEngine } from "../../lib/lab/docker/nested-engine";
import type { Lab } from "../../lib/lab/lab";

/** A dockerd that listens on TLS and requires client certificates. */
export interface TlsEngine {
  /** `tcp://127.0.0.1:PORT`. */
  readonly url: string;
  /** Folder with ca.pem, cert.pem and key.pem of a client whose certificate it accepts. */
  readonly known: string;
  /** The same with a client certificate of a CA that it doesn't trust. ca.pem is still the engine's CA. */
  readonly stranger: string;
  /** Removes the folders. The container is removed with the lab. */
  forget(): Promise<void>;
}

// dockerd(8), "Protect the Docker daemon socket": a CA, a certificate for the engine's address and one for a client.
// Another CA signs the certificate of the stranger.
const script = `set -e
mkdir /certs; cd /certs
authority() { openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$1.key" -out "$1.pem"; }
certificate() {
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  echo "$3" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.pem"
}
{
  authority ca; authority other
  certificate engine ca "subjectAltName=IP:127.0.0.1
extendedKeyUsage=serverAuth"
  certificate client ca extendedKeyUsage=clientAuth
  certificate stranger other extendedKeyUsage=clientAuth
} 2>/dev/null
exec host -H unix:///var/run/docker.sock -H tcp://0.0.0.0:2376 --tlsverify \\
  --tlscacert /certs/ca.pem --tlscert /certs/engine.pem --tlskey /certs/engine.key`;

const ready =
  "until curl -sf -m 1 --unix-socket /var/run/docker.sock http://engine/_ping; do sleep 0.1; done";

/** Starts a TLS engine in a container of the lab, with new certificates. */
export async function startTlsEngine({ engine, context }: Lab): Promise<TlsEngine> {
  const { info } = await runNestedEngine(context.home, "tls", {
    entrypoint: ["bash", "-c", script],
    network: "bridge",
    publish: [{ containerPort: 2376, hostPort: 0 }],
  });
  const folder = await mkdtemp(join(tmpdir(), "wirebook-tls-"));
  const forget = (): Promise<void> => rm(folder, { recursive: true });
  try {
    const { exitCode } = await engine.exec(info.id, ["sh", "-c", ready], { timeoutMs: 60_000 });
    if (exitCode !== 0) throw new Error(await engine.containers.logs(info.id, 5));
    const certificates = async (name: string): Promise<string> => {
      const files = { ca: "ca.pem", cert: `${name}.pem`, key: `${name}.key` };
      const path = await mkdtemp(join(folder, name));
      for (const [to, from] of Object.entries(files)) {
        const { stdout } = await engine.exec(info.id, ["cat", `/certs/${from}`]);
        await writeFile(join(path, `${to}.pem`), stdout, { mode: 0o600 });
      }
      return path;
    };
    return {
      url: `tcp://127.0.0.1:${info.ports[0]?.hostPort}`,
      known: await certificates("client"),
      stranger: await certificates("stranger"),
      forget,
    };
  } catch (error) {
    await forget();
    throw error;
  }
}
