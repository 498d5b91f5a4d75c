// Prints, for each file named on standard input, what TypeScript's own compiler says it defines.
const ts = require("typescript");
const fs = require("fs");
const isFunction = (n) => n && (ts.isArrowFunction(n) || ts.isFunctionExpression(n));
function names(pattern) {
  if (ts.isIdentifier(pattern)) return [pattern];
  return pattern.elements.filter((e) => ts.isBindingElement(e)).flatMap((e) => names(e.name));
}
function text(n) {
  return ts.isStringLiteral(n) || ts.isNoSubstitutionTemplateLiteral(n) ? n.text : n.getText();
}
function definitions(path) {
  const source = ts.createSourceFile(path, fs.readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true,
    path.endsWith("x") ? ts.ScriptKind.TSX : undefined);
  const found = [];
  const add = (group, node, name) =>
    found.push([group, name ?? text(node), source.getLineAndCharacterOfPosition(node.getStart()).line + 1]);
  function visit(node, local) {
    let inner = local;
    if (ts.isFunctionDeclaration(node)) { if (node.name) add("function", node.name); inner = true; }
    else if (ts.isClassDeclaration(node) || ts.isClassExpression(node)) { if (node.name) add("class", node.name); inner = false; }
    else if (ts.isInterfaceDeclaration(node)) { add("interface", node.name); inner = false; }
    else if (ts.isEnumDeclaration(node)) { add("enum", node.name); node.members.forEach((m) => add("variable", m.name)); }
    else if (ts.isTypeAliasDeclaration(node)) add("type", node.name);
    else if (ts.isModuleDeclaration(node)) { if (node.name.text !== "global") add("module", node.name); }
    else if (ts.isMethodDeclaration(node) || ts.isGetAccessor(node) || ts.isSetAccessor(node)) { add("function", node.name); inner = true; }
    else if (ts.isConstructorDeclaration(node)) {
      const at = node.getChildren().find((c) => c.kind === ts.SyntaxKind.ConstructorKeyword);
      add("function", at, "constructor"); inner = true;
    }
    else if (ts.isMethodSignature(node) && ts.isInterfaceDeclaration(node.parent)) add("function", node.name);
    else if (ts.isPropertySignature(node) && ts.isInterfaceDeclaration(node.parent)) add("variable", node.name);
    else if (ts.isPropertyDeclaration(node)) add(isFunction(node.initializer) ? "function" : "variable", node.name);
    else if (ts.isPropertyAssignment(node) && isFunction(node.initializer)) add("function", node.name);
    else if (ts.isVariableDeclaration(node) && !ts.isCatchClause(node.parent)) {
      const loop = node.parent.parent && (ts.isForOfStatement(node.parent.parent) || ts.isForInStatement(node.parent.parent) || ts.isForStatement(node.parent.parent));
      if (ts.isIdentifier(node.name) && isFunction(node.initializer)) add("function", node.name);
      else if (!local && !loop) names(node.name).forEach((n) => add("variable", n));
    }
    else if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken && ts.isPropertyAccessExpression(node.left) && isFunction(node.right)) add("function", node.left.name);
    else if (ts.isImportClause(node) && node.name) add("import", node.name);
    else if (ts.isImportSpecifier(node) || ts.isNamespaceImport(node) || ts.isImportEqualsDeclaration(node)) add("import", node.name);
    if (isFunction(node)) inner = true;
    if (ts.isBlock(node) && !ts.isModuleBlock(node)) inner = true;
    ts.forEachChild(node, (child) => visit(child, inner));
  }
  visit(source, false);
  return found;
}
for (const path of fs.readFileSync(0, "utf8").split("\n").filter(Boolean))
  process.stdout.write(JSON.stringify([path, definitions(path)]) + "\n");
