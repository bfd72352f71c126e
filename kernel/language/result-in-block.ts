import * as ts from "typescript-classic";

/** The variable that receives the value of the last expression. */
const VALUE = "__cellValue";

/**
 * TypeScript converts `using` to a `try` statement around the whole cell, so the last expression is inside of its
 * block. tslab looks for it at the end of the file. This moves its value there: after the resources are disposed of.
 */
export function moveResultOutOfBlock(file: ts.SourceFile): ts.SourceFile {
  const { factory } = ts;
  const at = file.statements.findLastIndex((statement) => ts.isTryStatement(statement));
  const block = file.statements[at];
  if (!block || !ts.isTryStatement(block) || !isGenerated(block)) return file;
  const last = block.tryBlock.statements.at(-1);
  if (!last || !ts.isExpressionStatement(last)) return file;
  const value = factory.createIdentifier(VALUE);
  const assignment = factory.createExpressionStatement(factory.createAssignment(value, last.expression));
  ts.setSourceMapRange(assignment, ts.getSourceMapRange(last));
  const tryBlock = factory.updateBlock(block.tryBlock, [
    ...block.tryBlock.statements.slice(0, -1),
    assignment,
  ]);
  const declaration = factory.createVariableStatement(
    undefined,
    factory.createVariableDeclarationList([factory.createVariableDeclaration(VALUE)], ts.NodeFlags.Let),
  );
  return factory.updateSourceFile(file, [
    declaration,
    ...file.statements.slice(0, at),
    factory.updateTryStatement(block, tryBlock, block.catchClause, block.finallyBlock),
    ...file.statements.slice(at + 1),
    factory.createExpressionStatement(value),
  ]);
}

/** Whether TypeScript made the statement: a statement of the cell has a position. */
function isGenerated(statement: ts.Statement): boolean {
  return statement.pos < 0;
}
