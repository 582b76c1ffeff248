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
syntax keyword cslType anyopaque bf16 bool cb16 circbuf_dsd color comptime_float comptime_int comptime_string comptime_struct control_task_id data_task_id direction dsr_dest dsr_fifo_dest dsr_fifo_src1 dsr_src0 dsr_src1 f16 f32 fabin_dsd fabout_dsd imported_module input_queue local_task_id mem1d_dsd mem4d_dsd output_queue sr type ut_id void xdsr
syntax match cslType /\<[iu]\d\+\>/

syntax match cslOperator /[-+*\/%&|^~!<>=]/
syntax match cslCall /\<\h\w*\ze\s*(/
syntax match cslFunction /\(\<\%(fn\|task\)\s\+\)\@<=\h\w*/
" A field may be spelled like a keyword: `.color`.
syntax match cslField /\.\h\w*/ contains=cslDot
syntax match cslDot /\./ contained
syntax match cslUnknownBuiltin /@\h\w*/
syntax match cslBuiltin /@\%(activate\|add16\|addc16\|allocate_fifo\|and16\|as\|assert\|bind_control_task\|bind_data_task\|bind_local_task\|bind_rotating_tasks\|bind_task\|bitcast\|block\|clz\|comptime_assert\|comptime_print\|concat_structs\|constants\|ctz\|dfilt\|dimensions\|element_count\|element_type\|export\|export_name\|export_symbol\|fabsh\|fabss\|faddh\|faddhs\|fadds\|fh2s\|fh2xp16\|field\|fmach\|fmachs\|fmacs\|fmaxh\|fmaxs\|fmovh\|fmovs\|fmulh\|fmuls\|fnegh\|fnegs\|fnormh\|fnorms\|fp16\|fs2h\|fs2xp16\|fscaleh\|fscales\|fsubh\|fsubs\|get_array\|get_color\|get_color_id\|get_config\|get_config_unchecked\|get_control_task_id\|get_data_task_id\|get_dsd\|get_dsr\|get_filter_id\|get_input_queue\|get_int\|get_local_task_id\|get_output_queue\|get_rectangle\|get_sr\|get_string_from_byte\|get_symbol_id\|get_symbol_value\|get_tensor_ptr\|get_ut_id\|get_xdsr\|has_exported_tensors\|has_field\|import_comptime_value\|import_module\|increment_dsd_offset\|initialize_queue\|is_arch\|is_comptime\|is_same_type\|load_to_dsr\|load_to_dsr_xdsr\|load_to_dsr_xdsr_sr\|map\|mov16\|mov32\|or16\|popcnt\|ptrcast\|queue_flush\|random16\|range\|range_start\|range_step\|range_stop\|rank\|rpc\|sar16\|set_active_prng\|set_color_config\|set_config\|set_config_unchecked\|set_control_task_table\|set_dsd_base_addr\|set_dsd_length\|set_dsd_stride\|set_dsr_base_addr\|set_dsr_length\|set_empty_queue_handler\|set_fifo_read_length\|set_fifo_write_length\|set_local_color_config\|set_rectangle\|set_teardown_handler\|set_tile_code\|sll16\|slr16\|strcat\|strlen\|sub16\|type_of\|unblock\|xor16\|xp162fh\|xp162fs\|zeros\|__\w\+\)\>/

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
