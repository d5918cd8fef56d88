/// A statement of a template.
indirect enum TemplateStatement: Sendable {
    case text(String)
    case output(TemplateExpression)
    case set(TemplateTarget, TemplateExpression)
    /// The output of a body goes through filters, and into a target.
    case setBlock(TemplateTarget, [TemplateFilterCall], [LocatedStatement])
    case conditional([TemplateBranch], otherwise: [LocatedStatement])
    case loop(TemplateLoop)
    case macro(TemplateMacro)
    /// A call of a macro that may call the body back.
    case call(TemplateExpression, TemplateMacro)
    case filter([TemplateFilterCall], [LocatedStatement])
    /// A body with names of its own; their values come from outside it.
    case with([(target: TemplateTarget, value: TemplateExpression)], [LocatedStatement])
    case breakLoop
    case continueLoop
}

/// A statement and the line that it starts on.
struct LocatedStatement: Sendable {
    var statement: TemplateStatement
    var line: Int
}

/// What a value is assigned to.
indirect enum TemplateTarget: Sendable {
    case name(String)
    /// A member of a namespace.
    case attribute(of: String, String)
    /// The parts of a list.
    case parts([TemplateTarget])
}

struct TemplateBranch: Sendable {
    var condition: TemplateExpression
    var body: [LocatedStatement]
}

struct TemplateLoop: Sendable {
    var target: TemplateTarget
    var sequence: TemplateExpression
    var condition: TemplateExpression?
    /// Whether `loop` may be called with the sequence below.
    var isRecursive: Bool
    var body: [LocatedStatement]
    /// Statements for an empty sequence.
    var otherwise: [LocatedStatement]
}

struct TemplateMacro: Sendable {
    var name: String
    var parameters: [(name: String, standard: TemplateExpression?)]
    var body: [LocatedStatement]
    /// Which of `varargs`, `kwargs` and `caller` the body reads.
    var reads: Set<String>
}

struct TemplateArgument: Sendable {
    enum Kind: Hashable, Sendable {
        case positional
        case named(String)
        /// `*list` and `**mapping`
        case all, allNamed
    }

    var kind: Kind
    var value: TemplateExpression
}

struct TemplateFilterCall: Sendable {
    var filter: TemplateFilter
    var arguments: [TemplateArgument]
    var line: Int
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
        case tuple([TemplateExpression])
        case mapping([(key: TemplateExpression, value: TemplateExpression)])
        case attribute(TemplateExpression, String)
        case item(TemplateExpression, TemplateExpression)
        case slice(TemplateExpression, from: TemplateExpression?, to: TemplateExpression?, step: TemplateExpression?)
        case call(TemplateExpression, [TemplateArgument])
        case filter(TemplateExpression, TemplateFilterCall)
        case test(TemplateExpression, TemplateTest, [TemplateArgument])
        case not(TemplateExpression)
        case negative(TemplateExpression)
        case positive(TemplateExpression)
        case and(TemplateExpression, TemplateExpression)
        case or(TemplateExpression, TemplateExpression)
        case binary(String, TemplateExpression, TemplateExpression)
        /// The parts of `a < b < c`.
        case comparison(TemplateExpression, [(symbol: String, operand: TemplateExpression)])
        case conditional(TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)

        var parts: [TemplateExpression] {
            switch self {
            case .none, .bool, .integer, .real, .string, .name: []
            case .list(let elements), .tuple(let elements): elements
            case .mapping(let members): members.flatMap { [$0.key, $0.value] }
            case .attribute(let part, _), .not(let part), .negative(let part), .positive(let part): [part]
            case .item(let a, let b), .and(let a, let b), .or(let a, let b), .binary(_, let a, let b): [a, b]
            case .slice(let object, let from, let to, let step): [object] + [from, to, step].compactMap(\.self)
            case .call(let part, let arguments), .test(let part, _, let arguments): [part] + arguments.map(\.value)
            case .filter(let part, let call): [part] + call.arguments.map(\.value)
            case .comparison(let first, let parts): [first] + parts.map(\.operand)
            case .conditional(let condition, let then, let otherwise): [condition, then] + [otherwise].compactMap(\.self)
            }
        }
    }
}
