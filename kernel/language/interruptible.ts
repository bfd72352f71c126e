import * as ts from "typescript-classic";
import { AWAIT_GUARD, LOOP_GUARD } from "./engine";

/**
 * Adds a call of {@link LOOP_GUARD} at the start of every loop body, and wraps every awaited value in a call
 * of {@link AWAIT_GUARD}.
 *
 * V8 can terminate running code from outside, but then `finally` blocks do not run, pending microtasks are
 * lost, and Node 20 and 22 abort when a termination unwinds through their async hooks. An exception that the
 * code itself throws has none of these problems.
 */
export const makeInterruptible: ts.TransformerFactory<ts.SourceFile> = (context) => {
  const { factory } = context;

  const callOf = (name: string) =>
    factory.createCallExpression(factory.createIdentifier(name), undefined, []);

  const guarded = (body: ts.Statement, asynchronous = false): ts.Statement => {
    // A `for await` loop has an implicit `await` between two iterations.
    const guards = [
      factory.createExpressionStatement(callOf(LOOP_GUARD)),
      ...(asynchronous
        ? [factory.createExpressionStatement(factory.createAwaitExpression(callOf(AWAIT_GUARD)))]
        : []),
    ];
    return ts.isBlock(body)
      ? factory.updateBlock(body, [...guards, ...body.statements])
      : factory.createBlock([...guards, body], true);
  };

  const visit = (node: ts.Node): ts.Node => {
    const visited = ts.visitEachChild(node, visit, context);
    if (ts.isAwaitExpression(visited)) {
      const guard = factory.createIdentifier(AWAIT_GUARD);
      const call = factory.createCallExpression(guard, undefined, [visited.expression]);
      return factory.updateAwaitExpression(visited, call);
    }
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
      const body = guarded(statement, awaitModifier !== undefined);
      return factory.updateForOfStatement(visited, awaitModifier, initializer, expression, body);
    }
    if (ts.isForInStatement(visited)) {
      const { initializer, expression, statement } = visited;
      return factory.updateForInStatement(visited, initializer, expression, guarded(statement));
    }
    return visited;
  };
  return (file) => ts.visitEachChild(file, visit, context);
};
