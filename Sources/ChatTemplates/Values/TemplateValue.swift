import CanonicalJSON

/// A value of a chat template. Strings are equal by their characters' code points, as they are in Python.
package indirect enum TemplateValue: Sendable {
    /// A name, member or item that does not exist; the text names it.
    case undefined(String)
    case none
    case bool(Bool)
    case integer(Int)
    /// The digits of an integer beyond 64 bits, which can be printed.
    case longInteger(String)
    case real(Double)
    case string(TemplateText)
    case list(TemplateList)
    case mapping(TemplateMapping)
    case function(TemplateFunction)
    /// What can be gone through once, by its number in the evaluator.
    case iterator(Int)
    /// A mapping that `set` may change, by its number in the evaluator.
    case namespace(Int)
    /// The state of a loop, by its number in the evaluator.
    case loop(Int)

    package init(text: String) { self = .string(TemplateText(given: text)) }

    package init(elements: [TemplateValue]) { self = .list(TemplateList(given: elements)) }

    /// A JSON value as Python reads it. Members have the order that they were written in; sorted where that is not known.
    package init(_ json: JSON) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(Int(value))
        case .real(let value): self = .real(value)
        case .decimal(let text): self = json.isInteger ? Self.integer(digits: text) : .real(Double(text) ?? .nan)
        case .string(let value): self = TemplateValue(text: value)
        case .array(let elements): self = TemplateValue(elements: elements.map { TemplateValue($0) })
        case .object: self = .mapping(TemplateMapping(json.writtenMembers.map { ($0.key, TemplateValue($0.value)) }))
        }
    }

    /// `-0` is 0.
    private static func integer(digits: String) -> TemplateValue { Int(digits).map(integer) ?? .longInteger(digits) }

    /// The value with every string and key changed.
    package func mapStrings(_ change: (String) -> String) -> TemplateValue {
        switch self {
        case .string(let text): .string(text.changed(change))
        case .list(let list): .list(list.mapStrings(change))
        case .mapping(let mapping): .mapping(mapping.mapStrings(change))
        default: self
        }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .longInteger: true
        case .real(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let list): list.count > 0
        case .mapping(let mapping): mapping.count > 0
        case .function, .iterator, .namespace, .loop: true
        }
    }

    /// A description of the kind of value, for messages.
    var kind: String {
        switch self {
        case .undefined(let name): "'\(name)', which is not defined"
        case .none: "none"
        case .bool: "a boolean"
        case .integer, .longInteger, .real: "a number"
        case .string: "a string"
        case .list: "a list"
        case .mapping: "a mapping"
        case .function: "a function"
        case .iterator: "a generator"
        case .namespace: "a namespace"
        case .loop: "a loop"
        }
    }

    var number: Double? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): Double(value)
        case .longInteger(let digits): Double(digits)
        case .real(let value): value
        default: nil
        }
    }

    var integer: Int? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    /// How deep lists and mappings lie in it. A method belongs to a string or a mapping, so that this takes no time.
    var nesting: Int {
        switch self {
        case .list(let list): list.nesting
        case .mapping(let mapping): mapping.nesting
        case .function(.method(_, of: .list(let list))): list.nesting + 1
        case .function(.method(_, of: .mapping(let mapping))): mapping.nesting + 1
        default: 0
        }
    }

    func equals(_ other: TemplateValue, _ budget: inout TemplateBudget) throws(TemplateError) -> Bool {
        try budget.spend(0)
        switch (self, other) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let a), .string(let b)): return try a.equals(b, &budget)
        case (.list(let a), .list(let b)): return try a.equals(b, &budget)
        case (.mapping(let a), .mapping(let b)): return try a.equals(b, &budget)
        case (.namespace(let a), .namespace(let b)), (.iterator(let a), .iterator(let b)), (.loop(let a), .loop(let b)):
            return a == b
        case (.longInteger(let a), .longInteger(let b)): return a == b
        case (.longInteger, .integer), (.integer, .longInteger): return false
        default:
            guard let a = number, let b = other.number else { return false }
            return a == b
        }
    }
}

/// A value that can be called.
package enum TemplateFunction: Sendable {
    case raiseException
    case range
    case namespace
    case dictionary
    case currentTime
    /// A macro by its number in the evaluator.
    case macro(Int)
    case method(TemplateMethod, of: TemplateValue)
    /// `loop.cycle` and `loop.changed`
    case cycle(Int), changed(Int)
}
