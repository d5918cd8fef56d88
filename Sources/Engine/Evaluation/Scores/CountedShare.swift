import CanonicalJSON

extension JSON {
    /// How much of a whole a part is, 0 to 1; `null` of nothing.
    package static func share(_ part: Int, of whole: Int) -> JSON { whole == 0 ? .null : .number(Double(part) / Double(whole)) }
}
