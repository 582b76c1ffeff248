" Writes two files: the highlight group of every character of sample.csl, and indent.csl as the indenter makes it.
" Run by test_editors.py: WEFT_VIM=.../editors/vim WEFT_HERE=.../tests/editors WEFT_OUT=folder vim -Nu NONE -es -S this
" SPDX-License-Identifier: Apache-2.0
let &runtimepath = $WEFT_VIM . ',' . $VIMRUNTIME
filetype plugin indent on
syntax on
execute 'edit ' . fnameescape($WEFT_HERE . '/sample.csl')
let rows = ['filetype ' . &filetype]
for lnum in range(1, line('$'))
  let groups = []
  for col in range(1, len(getline(lnum)))
    let name = synIDattr(synID(lnum, col, 1), 'name')
    call add(groups, empty(name) ? '-' : name)
  endfor
  call add(rows, join(groups, ' '))
endfor
call writefile(rows, $WEFT_OUT . '/groups.txt')

execute 'edit ' . fnameescape($WEFT_HERE . '/indent.csl')
silent %s/^\s*//e
silent normal! gg=G
call writefile(getline(1, '$'), $WEFT_OUT . '/indented.csl')
quitall!
