/// The names that statements see: a stack of scopes, each with the one around it in the template.
struct TemplateScopes: Sendable {
    private struct Scope {
        var values: [String: TemplateValue]
        /// The scope around it; -1 for the outermost.
        var parent: Int
    }

    private var scopes: [Scope]
    /// The innermost scope.
    private(set) var current: Int

    /// - Parameters:
    ///   - functions: what every template can call.
    ///   - variables: the template's own.
    init(functions: [String: TemplateValue], variables: [String: TemplateValue]) {
        scopes = [Scope(values: functions, parent: -1), Scope(values: variables, parent: 0)]
        current = 1
    }

    /// Enters a scope within another, which is the current one unless a macro's is meant; returns what `leave` takes.
    mutating func enter(within parent: Int? = nil) -> Int {
        let left = current
        scopes.append(Scope(values: [:], parent: parent ?? current))
        current = scopes.count - 1
        return left
    }

    mutating func leave(to scope: Int) {
        scopes.removeLast()
        current = scope
    }

    /// Forgets the names of the current scope.
    mutating func clear() { scopes[current].values.removeAll(keepingCapacity: true) }

    mutating func set(_ name: String, to value: TemplateValue) { scopes[current].values[name] = value }

    /// Whether a scope that a macro was made in is still there.
    func has(_ scope: Int) -> Bool { scopes.indices.contains(scope) }

    /// The value of a name in the innermost scope that has it.
    func value(of name: String, _ budget: inout TemplateBudget) throws(TemplateError) -> TemplateValue? {
        var scope = current
        while scope >= 0 {
            if let value = scopes[scope].values[name] { return value }
            try budget.spend(0)
            scope = scopes[scope].parent
        }
        return nil
    }
}
