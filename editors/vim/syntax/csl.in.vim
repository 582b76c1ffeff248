" Vim syntax for CSL. The words are filled in by editors/generate.py from the frontend's tables.
" SPDX-License-Identifier: Apache-2.0
if exists('b:current_syntax')
  finish
endif
syntax case match

syntax keyword cslControl {{control}}
syntax keyword cslWordOperator {{operator}}
syntax keyword cslConstant {{constant}}
syntax keyword cslStorage {{storage}}
syntax keyword cslType {{types}}
syntax match cslType /\<[iu]\d\+\>/

syntax match cslOperator /[-+*\/%&|^~!<>=]/
syntax match cslCall /\<\h\w*\ze\s*(/
syntax match cslFunction /\(\<\%(fn\|task\)\s\+\)\@<=\h\w*/
" A field may be spelled like a keyword: `.color`.
syntax match cslField /\.\h\w*/ contains=cslDot
syntax match cslDot /\./ contained
syntax match cslUnknownBuiltin /@\h\w*/
syntax match cslBuiltin /@\%({{builtins}}\|__\w\+\)\>/

syntax match cslNumber /\<\d[0-9_]*\>/
syntax match cslNumber /\<0[xX][0-9A-Fa-f_]\+\>/
syntax match cslNumber /\<0[bB][01_]\+\>/
syntax match cslNumber /\<0o[0-7_]\+\>/
syntax match cslFloat /\<\d[0-9_]*\.\d[0-9_]*\%([eE][+-]\?\d\+\)\?\>/
syntax match cslFloat /\<\d[0-9_]*[eE][+-]\?\d\+\>/
syntax match cslFloat /\<0[xX][0-9A-Fa-f_]\+\%(\.[0-9A-Fa-f_]\+\)\?[pP][+-]\?\d\+\>/

syntax match cslEscape /\\\%([nrt\\'"]\|x\x\{2}\|u{\x\+}\)/ contained
syntax region cslString start=/"/ skip=/\\./ end=/"\|$/ contains=cslEscape
syntax match cslCharacter /'\%([^'\\]\|\\[^']\+\|\\'\)'/ contains=cslEscape

syntax match cslComment /\/\/.*$/ contains=cslTodo,@Spell
syntax match cslDocComment /\/\/\%(!\|\/\/\@!\).*$/ contains=cslTodo,@Spell
syntax keyword cslTodo TODO FIXME contained

highlight default link cslControl Conditional
highlight default link cslWordOperator Operator
highlight default link cslConstant Constant
highlight default link cslStorage StorageClass
highlight default link cslType Type
highlight default link cslOperator Operator
highlight default link cslCall Function
highlight default link cslFunction Function
highlight default link cslField Identifier
highlight default link cslUnknownBuiltin Error
highlight default link cslBuiltin Macro
highlight default link cslNumber Number
highlight default link cslFloat Float
highlight default link cslEscape SpecialChar
highlight default link cslString String
highlight default link cslCharacter Character
highlight default link cslComment Comment
highlight default link cslDocComment SpecialComment
highlight default link cslTodo Todo

let b:current_syntax = 'csl'
