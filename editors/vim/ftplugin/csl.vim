" Settings of a CSL buffer: comments, and the formatter's indentation.
" SPDX-License-Identifier: Apache-2.0
if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1
setlocal commentstring=//\ %s
setlocal comments=:///,://!,://
setlocal expandtab shiftwidth=2 softtabstop=2
setlocal suffixesadd=.csl
" `:make` shows the compiler's diagnostics in the quickfix list.
setlocal makeprg=weft\ check\ %:S
setlocal errorformat=%f:%l:%c:\ %trror[%*[^]]]:\ %m,%f:%l:%c:\ %tarning[%*[^]]]:\ %m,%-G%.%#
let b:undo_ftplugin = 'setlocal commentstring< comments< expandtab< shiftwidth< softtabstop< suffixesadd<'
      \ . ' makeprg< errorformat<'
