import SpannedYAML

extension [Node.Entry] {
    /// The entries with the value at a path replaced; mappings that are missing on the way are made.
    ///
    /// - Parameters:
    ///   - path: names of fields, and numbers from 1 of a list's elements.
    ///   - key: where the value is asked for.
    func replacing(_ path: ArraySlice<String>, with value: Node, key: Node) -> [Node.Entry] {
        guard let name = path.first else { return self }
        var entries = self
        let index = entries.firstIndex { $0.name == name }
        let rest = path.dropFirst()
        let new = rest.isEmpty ? value : Node.replacing(rest, in: index.map { entries[$0].value }, with: value, key: key)
        if let index, !rest.isEmpty {
            entries[index].value = new
        } else {
            let named = Node(.scalar(.init(text: name, style: .plain)), at: key.span)
            entries.removeAll { $0.name == name }
            entries.append(Node.Entry(key: named, value: new))
        }
        return entries
    }
}

extension Node {
    /// What a value becomes when one below it is replaced: a mapping's by its name, a list's by its number.
    fileprivate static func replacing(_ path: ArraySlice<String>, in node: Node?, with value: Node, key: Node) -> Node {
        if let list = node, let elements = list.sequence, let place = path.first.flatMap({ elements.place(ofNumber: $0) }) {
            let rest = path.dropFirst()
            var replaced = elements
            replaced[place] = rest.isEmpty ? value : replacing(rest, in: elements[place], with: value, key: key)
            return Node(.sequence(replaced), at: list.span)
        }
        return Node(.mapping((node?.mapping ?? []).replacing(path, with: value, key: key)), at: key.span)
    }
}

extension [Node] {
    /// The index of the element that a number from 1 names; `nil` where there is none.
    func place(ofNumber text: String) -> Int? {
        guard let number = Int(text), (1...Swift.max(1, count)).contains(number), !isEmpty else { return nil }
        return number - 1
    }
}
