import * as ts from "@tslab/typescript-for-tslab";
import { LOOP_GUARD } from "./engine";

function guarded(body: ts.Statement): ts.Statement {
  const guard = ts.factory.createExpressionStatement(
    ts.factory.createCallExpression(ts.factory.createIdentifier(LOOP_GUARD), undefined, []),
  );
  return ts.isBlock(body)
    ? ts.factory.updateBlock(body, [guard, ...body.statements])
    : ts.factory.createBlock([guard, body], true);
}

/**
 * Begins every loop's body with a call of {@link LOOP_GUARD}.
 *
 * V8 can terminate running code from outside, but then no `finally` runs, pending microtasks are lost,
 * and Node's own bookkeeping may break (Node 20 and 22 abort when a termination unwinds through their
 * async hooks). An exception thrown by the loop itself leaves the cell's state whole.
 */
export const guardLoops: ts.TransformerFactory<ts.SourceFile> = (context) => {
  const { factory } = context;
  const visit = (node: ts.Node): ts.Node => {
    const inner = ts.visitEachChild(node, visit, context);
    if (ts.isWhileStatement(inner))
      return factory.updateWhileStatement(inner, inner.expression, guarded(inner.statement));
    if (ts.isDoStatement(inner))
      return factory.updateDoStatement(inner, guarded(inner.statement), inner.expression);
    if (ts.isForStatement(inner)) {
      const { initializer, condition, incrementor, statement } = inner;
      return factory.updateForStatement(inner, initializer, condition, incrementor, guarded(statement));
    }
    if (ts.isForOfStatement(inner)) {
      const { awaitModifier, initializer, expression, statement } = inner;
      return factory.updateForOfStatement(inner, awaitModifier, initializer, expression, guarded(statement));
    }
    if (ts.isForInStatement(inner)) {
      return factory.updateForInStatement(
        inner,
        inner.initializer,
        inner.expression,
        guarded(inner.statement),
      );
    }
    return inner;
  };
  return (file) => ts.visitEachChild(file, visit, context);
};
