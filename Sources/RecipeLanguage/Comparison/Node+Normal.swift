import CanonicalJSON
import Declarations
import SpannedYAML

extension Node {
    /// The value without its spelling: what `10k` and `10000`, `20%` and `0.2`, `x` and `[x]` have in common where a field
    /// of the type holds them.
    func normal(as type: ValueType) -> JSON {
        if isNull { return .null }
        if let element = type.listElement(of: self) { return .array((sequence ?? [self]).map { $0.normal(as: element) }) }
        switch content {
        case .sequence(let elements): return .array(elements.map { $0.normal(as: .anything) })
        case .mapping(let entries):
            return .object(Dictionary(entries.map { ($0.name, $0.value.normal(as: .anything)) }, uniquingKeysWith: { $1 }))
        case .scalar(let scalar): return Self.normal(scalar.text, as: type)
        }
    }

    private static func normal(_ text: String, as type: ValueType) -> JSON {
        let number: Double? =
            switch type {
            case .integer: Quantity.integer(text).map(Double.init)
            case .bytes: Quantity.bytes(text).map(Double.init)
            case .duration: Quantity.duration(text)
            case .number, .share, .anything: Quantity.number(text)
            default: nil
            }
        if let number { return .number(number) }
        switch type {
        case .flag: return flags[text.lowercased()].map(JSON.bool) ?? .string(text)
        case .either where type.isTransfer: return .string(text.filter { !$0.isWhitespace })
        case .either(let types): return normal(text, as: types[0])
        default: return .string(text)
        }
    }

    private static let flags = ["true": true, "yes": true, "on": true, "false": false, "no": false, "off": false]

    /// The value in YAML's flow style, without its comments.
    var onOneLine: String {
        switch content {
        case .scalar(let scalar): scalar.text.split(whereSeparator: \.isNewline).joined(separator: " ")
        case .sequence(let elements): "[" + elements.map(\.onOneLine).joined(separator: ", ") + "]"
        case .mapping(let entries):
            "{" + entries.map { "\($0.name): \($0.value.onOneLine)" }.joined(separator: ", ") + "}"
        }
    }
}

extension ValueType {
    /// What a list holds, where the field takes one: a single number needs no brackets.
    fileprivate func listElement(of node: Node) -> ValueType? {
        switch self {
        case .list(let element): element
        case .either(let types):
            types.lazy.compactMap { if case .list(let element) = $0 { element } else { nil } }.first.flatMap { element in
                if case .text = types[0], node.sequence == nil { nil } else { element }
            }
        default: nil
        }
    }

    /// The transfer notation, in which spaces mean nothing, or its long form.
    fileprivate var isTransfer: Bool {
        if case .either(let types) = self, case .list(.mapping) = types.last { true } else { false }
    }
}
