" Files ending in .csl are CSL, whatever else claims the ending.
" SPDX-License-Identifier: Apache-2.0
autocmd BufRead,BufNewFile *.csl set filetype=csl
