// Syntax of CSL: the only definition. Types are expressions; every decision but a few short ones is made by the
// next token (see `tokens` in CslLexer.g4 for how `if`, labels and trailing commas are told apart beforehand).
// Operator precedence is not here: `expr` is a chain of operands, grouped by ast::precedence in the AST builder.
// A test parses corpus/ with a profiler and allows no ambiguity.
// SPDX-License-Identifier: Apache-2.0
parser grammar CslParser;

options { tokenVocab = CslLexer; }

file: decls+=topDecl* EOF;

// ---- Declarations ----

topDecl
  : linkage=(EXPORT | EXTERN)? (variable=varDecl | function=fnDecl)
  | task=taskDecl
  | param=paramDecl
  | comptime=comptimeTop
  | layout=layoutTop
  | color=legacyColor
  | SEMI
  ;

varDecl: kind=(CONST | VAR) id=name before+=attr* (COLON type=typeExpr after+=attr*)? (ASSIGN init=expr)? SEMI;
paramDecl: PARAM id=name (COLON type=typeExpr)? (ASSIGN init=expr)? SEMI;
// Before 1.0; now `param NAME: color`.
legacyColor: COLOR id=name (ASSIGN init=expr)? SEMI;

attr: kind=(ALIGN | LINKSECTION | LINKNAME) LPAREN value=expr RPAREN;

fnDecl
  : inlining=(INLINE | NOINLINE)? FN id=name LPAREN params=fnParams? RPAREN before+=attr*
    (result=typeExpr after+=attr*)? (body=block | SEMI)
  ;
taskDecl: TASK id=name LPAREN params=fnParams? RPAREN before+=attr* (result=typeExpr after+=attr*)? body=block;
fnParams: items+=fnParam (COMMA items+=fnParam)* TRAILING_COMMA?;
fnParam: isComptime=COMPTIME? id=name COLON type=typeExpr | bare=typeExpr;

comptimeTop: COMPTIME_STMT body=block;
layoutTop: LAYOUT body=block;

name: token=(IDENT | COLOR);

// ---- Types where no initialiser can follow, so that the body of a function is not taken for one ----

typeExpr
  : prefixes+=typePrefix* ( core=typeAtom suffixes+=typeSuffix*
                          | fn=fnType
                          | IF LPAREN cond=expr RPAREN yes=typeExpr ELSE no=typeExpr )
  ;
typePrefix
  : star=STAR isConst=CONST?
  | LBRACKET ( many=STAR RBRACKET isConst=CONST? | extents+=expr (COMMA extents+=expr)* TRAILING_COMMA? RBRACKET )
  ;
typeAtom
  : ident=(IDENT | COLOR)
  | builtin=BUILTIN LPAREN args=exprList? RPAREN
  | LPAREN paren=expr RPAREN
  | record=structType
  | enumeration=enumType
  | any=ANYTYPE
  ;
typeSuffix
  : call=LPAREN args=exprList? RPAREN
  | LBRACKET indices=exprList RBRACKET
  | DOT field=fieldName
  ;
fnType: kind=(FN | TASK) LPAREN (items+=fnTypeParam (COMMA items+=fnTypeParam)* TRAILING_COMMA?)? RPAREN result=typeExpr;
fnTypeParam: id=name COLON type=typeExpr | type=typeExpr;
structType
  : modifier=(EXTERN | PACKED)? kind=(STRUCT | UNION)
    LBRACE (items+=structField (COMMA items+=structField)* TRAILING_COMMA?)? RBRACE
  ;
structField: id=fieldName COLON type=typeExpr;
enumType
  : ENUM (LPAREN tag=typeExpr RPAREN)? LBRACE (items+=enumerator (COMMA items+=enumerator)* TRAILING_COMMA?)? RBRACE
  ;
enumerator: id=fieldName (ASSIGN value=expr)?;

// ---- Statements ----

block: LBRACE stmts+=stmt* RBRACE;

stmt
  : empty=SEMI
  | variable=varDecl
  | isComptime=COMPTIME_STMT (variable=varDecl | body=block)
  | plain=stmtBody
  ;

// A complete statement: when it ends in a simple statement, with its semicolon.
stmtBody
  : (tag=LABEL COLON)? (nested=block | loop=loopHead body=stmtBody)
  | leaf=simple SEMI
  | select=switchExpr
  | IF LPAREN cond=expr RPAREN then=openStmt ELSE body=stmtBody
  | IF_SHORT LPAREN cond=expr RPAREN body=stmtBody
  ;
// The same without the final semicolon: before `else`, and after `=>`.
openStmt
  : (tag=LABEL COLON)? (nested=block | loop=loopHead body=openStmt)
  | leaf=simple
  | select=switchExpr
  | IF LPAREN cond=expr RPAREN then=openStmt ELSE body=openStmt
  | IF_SHORT LPAREN cond=expr RPAREN body=openStmt
  ;

loopHead
  : isInline=INLINE? kind=FOR LPAREN operand=expr RPAREN PIPE capture=name (COMMA index=name)? PIPE
  | kind=WHILE LPAREN operand=expr RPAREN (COLON LPAREN step=assignment RPAREN)?
  ;

simple
  : assign=assignment
  | isComptime=COMPTIME (assign=assignment | open=openExpr | select=switchExpr)
  | kind=RETURN value=expr?
  | kind=BREAK (COLON target=IDENT)? value=expr?
  | kind=CONTINUE (COLON target=IDENT)?
  ;
assignment
  : target=startExpr
    ( op=( ASSIGN | PLUS_ASSIGN | MINUS_ASSIGN | STAR_ASSIGN | SLASH_ASSIGN | PERCENT_ASSIGN | SHL_ASSIGN
         | SHR_ASSIGN | AMP_ASSIGN | PIPE_ASSIGN | CARET_ASSIGN )
      value=expr )?
  ;

// ---- Expressions ----

expr
  : prefixes+=prefix* ( (core=atom | nested=labeledBlock | select=switchExpr) suffixes+=suffix* (op=binaryOp rest=expr)?
                      | fn=fnType braces=initList? (op=binaryOp rest=expr)?
                      | open=openExpr )
  ;
// An expression where a statement starts: not `{`, `if`, `switch`, a label or `comptime`, which are statements there.
startExpr
  : first=startPrefix rest=expr
  | core=atom suffixes+=suffix* (op=binaryOp rest=expr)?
  ;
// Forms whose tail extends as far right as possible; no operator or suffix follows them.
openExpr
  : IF LPAREN cond=expr RPAREN yes=expr ELSE no=expr
  | IF_SHORT LPAREN cond=expr RPAREN yes=expr
  | PIPE vars+=name (COMMA vars+=name)* PIPE LBRACE extents=exprList RBRACE ARROW tail=expr
  ;

prefix: op=(MINUS | BANG | TILDE | AMP | COMPTIME | COMPTIME_STMT) | type=typePrefix;
startPrefix: op=(MINUS | BANG | TILDE | AMP) | type=typePrefix;

binaryOp
  : token=( OR | AND
          | EQUAL | NOT_EQUAL | LESS | LESS_EQUAL | GREATER | GREATER_EQUAL
          | PIPE | CARET | AMP | SHL | SHR
          | PLUS | MINUS | STAR | SLASH | PERCENT )
  ;

atom
  : literal=(INT | FLOAT | CHAR | STRING | TRUE | FALSE)
  | ident=(IDENT | COLOR)
  | builtin=BUILTIN LPAREN args=exprList? RPAREN
  | LPAREN paren=expr RPAREN
  | DOT init=initList
  | record=structType
  | enumeration=enumType
  | any=ANYTYPE
  | assembly=asmExpr
  ;
labeledBlock: (tag=LABEL COLON)? body=block;

suffix
  : call=LPAREN args=exprList? RPAREN
  | LBRACKET indices=exprList RBRACKET
  | deref=DOT_STAR
  | DOT field=fieldName
  | init=initList
  ;
exprList: items+=expr (COMMA items+=expr)* TRAILING_COMMA?;
initList
  : LBRACE ( named+=namedInit (COMMA named+=namedInit)* TRAILING_COMMA?
           | items+=expr (COMMA items+=expr)* TRAILING_COMMA? )? RBRACE
  ;
namedInit: DOT field=fieldName ASSIGN value=expr;

switchExpr
  : SWITCH LPAREN operand=expr RPAREN LBRACE (prongs+=prong (COMMA prongs+=prong)* TRAILING_COMMA?)? RBRACE
  ;
prong: (values+=expr (COMMA values+=expr)* | isElse=ELSE) FAT_ARROW body=openStmt;

// Parsed so that it can be rejected with a clear message.
asmExpr
  : ASM isVolatile=VOLATILE? LPAREN text=expr (COMMA | TRAILING_COMMA)? (COLON (asmOperand (COMMA asmOperand)*)?)* RPAREN
  ;
asmOperand
  : (LBRACKET IDENT RBRACKET)? STRING (LPAREN (ARROW typeExpr | expr) RPAREN)?
  ;

// Keywords are ordinary after `.` and as names of fields.
fieldName
  : token=( IDENT | COLOR | LABEL | CONST | VAR | PARAM | FN | TASK | COMPTIME | COMPTIME_STMT | LAYOUT | EXTERN | EXPORT
          | INLINE | NOINLINE | IF | IF_SHORT | ELSE | FOR | WHILE | SWITCH | BREAK | CONTINUE | RETURN | AND | OR
          | TRUE | FALSE | STRUCT | ENUM | UNION | PACKED | ANYTYPE | ALIGN | LINKSECTION | LINKNAME | ASM | VOLATILE )
  ;
