# What a person sees who types words and a tab in zsh: for each line of input, all that an interactive zsh, on a terminal of its own,
# answers, up to "[line:WORDS]" with what then stands in its line. The first argument is the script that is sourced there.
zmodload zsh/zpty
zpty terminal "TERM=dumb zsh -f -i"
show_until() {
  local heard="" part=""
  while [[ $heard != *"$1"* ]]; do
    zpty -r terminal part || { print -u2 -r -- "the terminal ended: $heard"; exit 1 }
    heard+=$part
  done
  print -r -- "$heard"
}
zpty -w terminal "PS1=; stty -echo columns 200; source ${(q)1}"
zpty -w terminal 'show-line() { print -r -- "[line:$BUFFER]"; BUFFER= }; zle -N show-line; bindkey "^X" show-line; print read""y'
show_until ready >/dev/null
while IFS= read -r words; do
  zpty -w -n terminal "$words"$'\t\x18'
  show_until ']'
done
