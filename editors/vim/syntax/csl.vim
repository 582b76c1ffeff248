" Vim syntax for CSL. Made by editors/generate.py from csl.in.vim; edit that.
" SPDX-License-Identifier: Apache-2.0
if exists('b:current_syntax')
  finish
endif
syntax case match

syntax keyword cslControl break continue else for if return switch while
syntax keyword cslWordOperator and or
syntax keyword cslConstant EAST NORTH RAMP SOUTH WEST false true
syntax keyword cslStorage align anytype asm comptime const enum export extern fn inline layout linkname linksection noinline packed param struct task union var volatile
syntax keyword cslType bf16 bool cb16 color comptime_int comptime_struct direction f16 f32 fabout_dsd i16 i32 i64 i8 type u16 u32 u64 u8 void
syntax match cslType /\<[iu]\d\+\>/

syntax match cslOperator /[-+*\/%&|^~!<>=]/
syntax match cslCall /\<\h\w*\ze\s*(/
syntax match cslFunction /\(\<\%(fn\|task\)\s\+\)\@<=\h\w*/
" A field may be spelled like a keyword: `.color`.
syntax match cslField /\.\h\w*/ contains=cslDot
syntax match cslDot /\./ contained
syntax match cslUnknownBuiltin /@\h\w*/
syntax match cslBuiltin /@\%(assert\|bind_local_task\|get_color\|get_dsd\|get_local_task_id\|range\|set_rectangle\|set_tile_code\|zeros\)\>/

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
