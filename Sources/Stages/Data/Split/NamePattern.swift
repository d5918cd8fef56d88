/// A name, or a pattern for names: `*` stands for any run of characters, none included.
struct NamePattern {
    let text: String
    /// What stands between stars.
    private let parts: [Substring]

    init(_ text: String) {
        self.text = text
        parts = text.split(separator: "*", omittingEmptySubsequences: false)
    }

    /// Whether it means no other name than itself.
    var isName: Bool { parts.count == 1 }

    /// The first part begins the name, the last one ends it, and the others follow each other between.
    func matches(_ name: String) -> Bool {
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return name == text }
        guard name.hasPrefix(first) else { return false }
        var rest = name.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let place = rest.firstRange(of: part) else { return false }
            rest = rest[place.upperBound...]
        }
        return rest.hasSuffix(last)
    }
}
