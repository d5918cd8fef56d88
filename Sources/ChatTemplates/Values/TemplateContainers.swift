/// A list or tuple of values. All of its elements are reached against a budget only.
package struct TemplateList: Sendable {
    /// What Python calls it.
    enum Kind: Hashable, Sendable {
        case list, tuple
        /// A key with the list of what has it: `grouper` and `list`.
        case group
        case range
        /// `dict_keys` and the like, under the name that is printed.
        case view(String)

        /// Whether lists of these kinds can be equal.
        func mayEqual(_ other: Kind) -> Bool { (self == .list) == (other == .list) && (self == .range) == (other == .range) }
    }

    private let values: [TemplateValue]
    let kind: Kind
    /// How deep lists and mappings lie in one another, from 1.
    let nesting: Int

    /// A list from outside.
    init(given values: [TemplateValue], kind: Kind = .list) {
        (self.values, self.kind) = (values, kind)
        nesting = 1 + (values.lazy.map(\.nesting).max() ?? 0)
    }

    /// A list that an operation made.
    init(_ values: [TemplateValue], kind: Kind = .list, _ budget: inout TemplateBudget) throws(TemplateError) {
        try budget.spend(values.count)
        self.init(given: values, kind: kind)
        try budget.checkNesting(nesting)
    }

    var count: Int { values.count }

    /// An element; negative indices count from the end. Nil where there is none.
    subscript(index: Int) -> TemplateValue? {
        let place = index < 0 ? index + values.count : index
        return values.indices.contains(place) ? values[place] : nil
    }

    func elements(_ budget: inout TemplateBudget) throws(TemplateError) -> [TemplateValue] {
        try budget.spend(values.count)
        return values
    }

    func equals(_ other: TemplateList, _ budget: inout TemplateBudget) throws(TemplateError) -> Bool {
        guard count == other.count, kind.mayEqual(other.kind) else { return false }
        for (a, b) in zip(values, other.values) where !(try a.equals(b, &budget)) { return false }
        return true
    }

    func mapStrings(_ change: (String) -> String) -> TemplateList {
        TemplateList(given: values.map { $0.mapStrings(change) }, kind: kind)
    }
}

/// A mapping that keeps the order of its members, which are looked for one by one, and reached against a budget only.
package struct TemplateMapping: Sendable {
    typealias Member = (key: TemplateValue, value: TemplateValue)

    private var values: [Member]
    /// How deep lists and mappings lie in one another, from 1.
    private(set) var nesting: Int

    /// A mapping from outside.
    package init(_ members: [(String, TemplateValue)]) {
        values = members.map { (key: TemplateValue(text: $0.0), value: $0.1) }
        nesting = 1 + (members.lazy.map(\.1.nesting).max() ?? 0)
    }

    var count: Int { values.count }

    func members(_ budget: inout TemplateBudget) throws(TemplateError) -> [Member] {
        try budget.spend(2 * values.count)
        return values
    }

    func value(of key: TemplateValue, _ budget: inout TemplateBudget) throws(TemplateError) -> TemplateValue? {
        try place(of: key, &budget).map { values[$0].value }
    }

    func value(named key: String, _ budget: inout TemplateBudget) throws(TemplateError) -> TemplateValue? {
        try value(of: TemplateValue(text: key), &budget)
    }

    mutating func set(
        _ key: TemplateValue, to value: TemplateValue, _ budget: inout TemplateBudget
    ) throws(TemplateError) {
        nesting = max(nesting, 1 + value.nesting, 1 + key.nesting)
        try budget.checkNesting(nesting)
        if let place = try place(of: key, &budget) { values[place].value = value } else { values.append((key, value)) }
    }

    private func place(of key: TemplateValue, _ budget: inout TemplateBudget) throws(TemplateError) -> Int? {
        try budget.spend(values.count / 4)
        guard case .string(let text) = key else {
            for (place, member) in values.enumerated() where try member.key.equals(key, &budget) { return place }
            return nil
        }
        try budget.copy(bytes: text.size)
        return values.firstIndex { if case .string(let other) = $0.key { other.isSame(text) } else { false } }
    }

    func equals(_ other: TemplateMapping, _ budget: inout TemplateBudget) throws(TemplateError) -> Bool {
        guard count == other.count else { return false }
        for (key, value) in values {
            guard let same = try other.value(of: key, &budget), try same.equals(value, &budget) else { return false }
        }
        return true
    }

    func mapStrings(_ change: (String) -> String) -> TemplateMapping {
        var mapped = self
        mapped.values = values.map { ($0.key.mapStrings(change), $0.value.mapStrings(change)) }
        return mapped
    }
}
