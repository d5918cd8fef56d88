/// A statement of a template.
indirect enum TemplateStatement: Sendable {
    case text(String)
    case output(TemplateExpression)
    /// Assigns a value to a name, or the parts of a list to several names.
    case set([String], TemplateExpression)
    case setAttribute(of: String, String, TemplateExpression)
    case setBlock(String, [LocatedStatement])
    case conditional([TemplateBranch], otherwise: [LocatedStatement])
    case loop(TemplateLoop)
    case macro(String, TemplateMacro)
    case breakLoop
    case continueLoop
}

/// A statement and the line that it starts on.
struct LocatedStatement: Sendable {
    var statement: TemplateStatement
    var line: Int
}

struct TemplateBranch: Sendable {
    var condition: TemplateExpression
    var body: [LocatedStatement]
}

struct TemplateLoop: Sendable {
    var names: [String]
    var sequence: TemplateExpression
    var condition: TemplateExpression?
    var body: [LocatedStatement]
    /// Statements for an empty sequence.
    var otherwise: [LocatedStatement]
}

struct TemplateMacro: Sendable {
    var parameters: [(name: String, standard: TemplateExpression?)]
    var body: [LocatedStatement]
}

struct TemplateArgument: Sendable {
    var name: String?
    var value: TemplateExpression
}

/// An expression that knows how high the tree of its parts is, so that none grows too high to be walked or freed.
struct TemplateExpression: Sendable {
    let kind: Kind
    let height: Int

    init(_ kind: Kind) {
        self.kind = kind
        height = 1 + (kind.parts.lazy.map(\.height).max() ?? 0)
    }

    indirect enum Kind: Sendable {
        case none
        case bool(Bool)
        case integer(Int)
        case real(Double)
        case string(String)
        case name(String)
        case list([TemplateExpression])
        case mapping([(key: TemplateExpression, value: TemplateExpression)])
        case attribute(TemplateExpression, String)
        case item(TemplateExpression, TemplateExpression)
        case slice(TemplateExpression, from: TemplateExpression?, to: TemplateExpression?, step: TemplateExpression?)
        case call(TemplateExpression, [TemplateArgument])
        case filter(TemplateExpression, String, [TemplateArgument])
        case test(TemplateExpression, String, [TemplateArgument])
        case not(TemplateExpression)
        case negative(TemplateExpression)
        case and(TemplateExpression, TemplateExpression)
        case or(TemplateExpression, TemplateExpression)
        case binary(String, TemplateExpression, TemplateExpression)
        /// The parts of `a < b < c`.
        case comparison(TemplateExpression, [(symbol: String, operand: TemplateExpression)])
        case conditional(TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)

        var parts: [TemplateExpression] {
            switch self {
            case .none, .bool, .integer, .real, .string, .name: []
            case .list(let elements): elements
            case .mapping(let members): members.flatMap { [$0.key, $0.value] }
            case .attribute(let part, _), .not(let part), .negative(let part): [part]
            case .item(let a, let b), .and(let a, let b), .or(let a, let b), .binary(_, let a, let b): [a, b]
            case .slice(let object, let from, let to, let step): [object] + [from, to, step].compactMap(\.self)
            case .call(let part, let arguments), .filter(let part, _, let arguments), .test(let part, _, let arguments):
                [part] + arguments.map(\.value)
            case .comparison(let first, let parts): [first] + parts.map(\.operand)
            case .conditional(let condition, let then, let otherwise): [condition, then] + [otherwise].compactMap(\.self)
            }
        }
    }
}
