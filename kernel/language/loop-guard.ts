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
 * Adds a call of {@link LOOP_GUARD} at the start of every loop body.
 *
 * V8 can terminate running code from outside, but then `finally` blocks do not run, pending microtasks are
 * lost, and Node 20 and 22 abort when a termination unwinds through their async hooks. An exception that the
 * loop itself throws has none of these problems.
 */
export const guardLoops: ts.TransformerFactory<ts.SourceFile> = (context) => {
  const { factory } = context;
  const visit = (node: ts.Node): ts.Node => {
    const visited = ts.visitEachChild(node, visit, context);
    if (ts.isWhileStatement(visited))
      return factory.updateWhileStatement(visited, visited.expression, guarded(visited.statement));
    if (ts.isDoStatement(visited))
      return factory.updateDoStatement(visited, guarded(visited.statement), visited.expression);
    if (ts.isForStatement(visited)) {
      const { initializer, condition, incrementor, statement } = visited;
      return factory.updateForStatement(visited, initializer, condition, incrementor, guarded(statement));
    }
    if (ts.isForOfStatement(visited)) {
      const { awaitModifier, initializer, expression, statement } = visited;
      return factory.updateForOfStatement(
        visited,
        awaitModifier,
        initializer,
        expression,
        guarded(statement),
      );
    }
    if (ts.isForInStatement(visited)) {
      return factory.updateForInStatement(
        visited,
        visited.initializer,
        visited.expression,
        guarded(visited.statement),
      );
    }
    return visited;
  };
  return (file) => ts.visitEachChild(file, visit, context);
};
