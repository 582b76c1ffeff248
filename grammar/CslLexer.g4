// Tokens of CSL. The input is bytes: frontend/parse checks UTF-8 first, then every column and index is a byte.
// SPDX-License-Identifier: Apache-2.0
lexer grammar CslLexer;

channels { COMMENTS }

// Never produced by a rule here: frontend/parse/token_filter.cpp retags one token by looking at its neighbours,
// so that the parser decides everything by its next token.
tokens {
  // `if` that has no matching `else`
  IF_SHORT,
  // name followed by `:` and then `{`, `for`, `while` or `inline`
  LABEL,
  // `comptime` followed by `{`, `const` or `var`
  COMPTIME_STMT,
  // `,` followed by a closing bracket
  TRAILING_COMMA
}

CONST: 'const';
VAR: 'var';
PARAM: 'param';
FN: 'fn';
TASK: 'task';
COMPTIME: 'comptime';
LAYOUT: 'layout';
EXTERN: 'extern';
EXPORT: 'export';
INLINE: 'inline';
NOINLINE: 'noinline';
IF: 'if';
ELSE: 'else';
FOR: 'for';
WHILE: 'while';
SWITCH: 'switch';
BREAK: 'break';
CONTINUE: 'continue';
RETURN: 'return';
AND: 'and';
OR: 'or';
TRUE: 'true';
FALSE: 'false';
STRUCT: 'struct';
ENUM: 'enum';
UNION: 'union';
PACKED: 'packed';
ANYTYPE: 'anytype';
ALIGN: 'align';
LINKSECTION: 'linksection';
LINKNAME: 'linkname';
ASM: 'asm';
VOLATILE: 'volatile';
// The only type name that starts a declaration (`color c;`); all others are plain identifiers.
COLOR: 'color';

IDENT: [A-Za-z_] [A-Za-z0-9_]*;
BUILTIN: '@' [A-Za-z_] [A-Za-z0-9_]*;

INT
  : DIGITS
  | '0' [xX] HEX ('_'? HEX)*
  | '0' [bB] [01] ('_'? [01])*
  | '0o' [0-7] ('_'? [0-7])*
  ;
FLOAT
  : DIGITS '.' DIGITS EXP?
  | DIGITS EXP
  | '0' [xX] HEX ('_'? HEX)* ('.' HEX ('_'? HEX)*)? [pP] [+-]? DIGITS
  ;
fragment DIGITS: [0-9] ('_'? [0-9])*;
fragment HEX: [0-9A-Fa-f];
fragment EXP: [eE] [+-]? DIGITS;

STRING: '"' (~["\\\r\n] | '\\' ~[\r\n])* '"';
CHAR: '\'' (~['\\\r\n] | '\\' ~[\r\n])* '\'';

LPAREN: '(';
RPAREN: ')';
LBRACE: '{';
RBRACE: '}';
LBRACKET: '[';
RBRACKET: ']';
COMMA: ',';
SEMI: ';';
COLON: ':';
DOT: '.';
DOT_STAR: '.*';
ARROW: '->';
FAT_ARROW: '=>';

ASSIGN: '=';
PLUS_ASSIGN: '+=';
MINUS_ASSIGN: '-=';
STAR_ASSIGN: '*=';
SLASH_ASSIGN: '/=';
PERCENT_ASSIGN: '%=';
SHL_ASSIGN: '<<=';
SHR_ASSIGN: '>>=';
AMP_ASSIGN: '&=';
PIPE_ASSIGN: '|=';
CARET_ASSIGN: '^=';

PLUS: '+';
MINUS: '-';
STAR: '*';
SLASH: '/';
PERCENT: '%';
SHL: '<<';
SHR: '>>';
AMP: '&';
PIPE: '|';
CARET: '^';
TILDE: '~';
BANG: '!';
EQUAL: '==';
NOT_EQUAL: '!=';
LESS: '<';
LESS_EQUAL: '<=';
GREATER: '>';
GREATER_EQUAL: '>=';

WS: [ \t\r\n\f]+ -> skip;
COMMENT: '//' ~[\r\n]* -> channel(COMMENTS);

// Mistakes become tokens, so that the message is ours. Longer matches win: these apply only where nothing above does.
UNTERMINATED_STRING: '"' (~["\\\r\n] | '\\' ~[\r\n])* '\\'?;
UNTERMINATED_CHAR: '\'' (~['\\\r\n] | '\\' ~[\r\n])* '\\'?;
BAD_NUMBER: [0-9] [0-9A-Za-z_]*;
UNKNOWN: .;
