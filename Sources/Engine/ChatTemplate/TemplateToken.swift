/// A piece of a template's source.
struct TemplateToken: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case text(String)
        /// `{{` and `}}`
        case outputStart, outputEnd
        /// `{%` and `%}`
        case blockStart, blockEnd
        case name(String)
        case string(String)
        case integer(Int)
        case real(Double)
        case symbol(String)
        case end
    }

    var kind: Kind
    var line: Int
}
