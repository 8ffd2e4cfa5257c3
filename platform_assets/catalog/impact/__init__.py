"""What a change of the project touches: two states of it, compared in the words of the business.

    before, after = states.at(commit), states.here()
    found = compare.compare(before, after)
    print(markdown.text(found))

`state` holds what a project is, in plain values; `states` makes it of a commit and of the working
tree, in processes of their own; `compare` finds what differs and who is hit; `told` and `markdown`
say it.
"""
