import { checkOptions } from "../../check/check-options";
import type { Context } from "../../context";
import type { Extension, ParsedOption, Use } from "../../extensions/extension";
import type { Unread } from "../../rule-spec";
import { RuleSyntaxError } from "../../rule-syntax-error";

/** A match or target of the rule that is being read, with the options read so far. */
export class ExtensionPart {
  readonly options = new Map<string, ParsedOption>();
  /** One of its options could not be read, so that it is not checked as a whole. */
  failed = false;

  constructor(
    readonly extension: Extension,
    /** Index of its first word. */
    readonly first: number,
  ) {}

  /**
   * Checks the options together: those that are required, and those that exclude each other.
   *
   * @param text - the part's first words, kept if the part is wrong.
   * @param report - receives what is wrong.
   */
  close(context: Context, text: string, report: (error: RuleSyntaxError) => void): Use | Unread {
    const { extension, options } = this;
    const unread = { unread: extension.name, text };
    if (this.failed) return unread;
    try {
      const error = checkOptions(extension, options, context);
      if (error) report(error);
      return { extension, options };
    } catch (error) {
      if (!(error instanceof RuleSyntaxError)) throw error;
      report(error);
      return unread;
    }
  }
}
