import { display } from "../display";
import { predict } from "./prediction";

describe("a prediction", () => {
  it("ignores case and surrounding white space", () => {
    expect(predict("Does it answer?", " Yes ").compare(true).right).toBe(true);
  });

  it("shows both answers and the reason if it was wrong", () => {
    const shown = predict("Which client is seen?", "172.17.0.2").compare(
      "172.30.0.11",
      "The source was replaced.",
    );
    expect(shown.right).toBe(false);
    expect(shown[display]()["text/plain"]).toBe(
      "Which client is seen?\n  predicted: 172.17.0.2\n  observed:  172.30.0.11\n✕ Not as predicted. The source was replaced.",
    );
  });

  it("compares answers by their meaning", () => {
    expect(predict("How many?", 2).compare("two").right).toBe(true);
    expect(predict("Which places?", "node2 and node1").compare("node1, node2").right).toBe(true);
  });

  it("compares the order of a list if the question asks for it", () => {
    const guess = predict("Order of the tables?", "nat, mangle, raw", { ordered: true });
    expect(guess.compare("raw, mangle, nat").right).toBe(false);
    expect(guess.compare("nat, mangle, raw").right).toBe(true);
  });
});
