/// A list of values. All of its elements are reached against a budget only.
package struct TemplateList: Sendable {
    private let values: [TemplateValue]
    /// How deep lists and mappings lie in one another, from 1.
    let nesting: Int

    /// A list from outside.
    init(given values: [TemplateValue]) {
        self.values = values
        nesting = 1 + (values.lazy.map(\.nesting).max() ?? 0)
    }

    /// A list that an operation made.
    init(_ values: [TemplateValue], _ budget: inout TemplateBudget) throws(TemplateError) {
        try budget.spend(values.count)
        self.init(given: values)
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
        guard count == other.count else { return false }
        for (a, b) in zip(values, other.values) where !(try a.equals(b, &budget)) { return false }
        return true
    }

    func mapStrings(_ change: (String) -> String) -> TemplateList {
        TemplateList(given: values.map { $0.mapStrings(change) })
    }
}

/// A mapping that keeps the order of its members, which are looked for one by one, and reached against a budget only.
package struct TemplateMapping: Sendable {
    private var values: [(key: String, value: TemplateValue)]
    /// How deep lists and mappings lie in one another, from 1.
    private(set) var nesting: Int
    /// Whether `set` may change its members.
    var isNamespace = false

    /// A mapping from outside.
    package init(_ members: [(String, TemplateValue)]) {
        values = members.map { (key: $0.0, value: $0.1) }
        nesting = 1 + (members.lazy.map(\.1.nesting).max() ?? 0)
    }

    var count: Int { values.count }

    func members(_ budget: inout TemplateBudget) throws(TemplateError) -> [(key: String, value: TemplateValue)] {
        try budget.spend(2 * values.count)
        return values
    }

    func value(of key: String, _ budget: inout TemplateBudget) throws(TemplateError) -> TemplateValue? {
        try place(of: key, &budget).map { values[$0].value }
    }

    mutating func set(_ key: String, to value: TemplateValue, _ budget: inout TemplateBudget) throws(TemplateError) {
        nesting = max(nesting, 1 + value.nesting)
        try budget.checkNesting(nesting)
        if let place = try place(of: key, &budget) { values[place].value = value } else { values.append((key, value)) }
    }

    private func place(of key: String, _ budget: inout TemplateBudget) throws(TemplateError) -> Int? {
        try budget.spend(values.count / 4)
        try budget.copy(bytes: key.utf8.count)
        return values.firstIndex { $0.key.utf8.count == key.utf8.count && $0.key.utf8.elementsEqual(key.utf8) }
    }

    func equals(_ other: TemplateMapping, _ budget: inout TemplateBudget) throws(TemplateError) -> Bool {
        guard count == other.count else { return false }
        for (key, value) in values {
            guard let same = try other.value(of: key, &budget), try same.equals(value, &budget) else { return false }
        }
        return true
    }

    func mapStrings(_ change: (String) -> String) -> TemplateMapping {
        TemplateMapping(values.map { (change($0.key), $0.value.mapStrings(change)) })
    }
}
