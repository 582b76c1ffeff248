" Indentation of CSL: one step for each open bracket of the line above, one back for a closing one in front.
" SPDX-License-Identifier: Apache-2.0
if exists('b:did_indent')
  finish
endif
let b:did_indent = 1
setlocal indentexpr=CslIndent()
setlocal indentkeys=0{,0},0),0],!^F,o,O,e
let b:undo_indent = 'setlocal indentexpr< indentkeys<'

if exists('*CslIndent')
  finish
endif

" The text without strings and comments, so that brackets in them do not count.
function! s:Bare(lnum) abort
  let text = substitute(getline(a:lnum), '"\%(\\.\|[^"\\]\)*"', '', 'g')
  let text = substitute(text, "'\\%(\\\\.\\|[^'\\\\]\\)*'", '', 'g')
  return substitute(text, '//.*$', '', '')
endfunction

function! CslIndent() abort
  let above = prevnonblank(v:lnum - 1)
  if above == 0
    return 0
  endif
  let text = s:Bare(above)
  " Closing brackets in front of the line above have moved that line already.
  let depth = 0
  for char in split(substitute(text, '^[ \t})\]]*', '', ''), '\zs')
    let depth += (stridx('({[', char) >= 0) - (stridx(')}]', char) >= 0)
  endfor
  let step = depth > 0 ? 1 : depth < 0 ? -1 : 0
  if s:Bare(v:lnum) =~# '^\s*[})\]]'
    let step -= 1
  endif
  return max([0, indent(above) + step * shiftwidth()])
endfunction
