/// The methods of strings, lists and mappings that change nothing.
package enum TemplateMethod: String, Sendable {
    case capitalize, casefold, center, count, endswith, expandtabs, find, format, index, isalnum, isalpha, isascii, isdecimal,
        isdigit
    case islower, isnumeric, isprintable, isspace, istitle, isupper, join, ljust, lower, lstrip, partition, removeprefix,
        removesuffix
    case replace, rfind, rindex, rjust, rpartition, rsplit, rstrip, split, splitlines, startswith, strip, swapcase, title,
        upper, zfill
    case copy, get, items, keys, values

    /// The method of this name that a value has.
    init?(_ name: String, of value: TemplateValue) {
        guard let method = Self(rawValue: name) else { return nil }
        switch (value, method) {
        case (.mapping, .items), (.mapping, .keys), (.mapping, .values), (.mapping, .get), (.mapping, .copy): self = method
        case (.mapping, _): return nil
        case (.list(let list), .index), (.list(let list), .count):
            if case .view = list.kind { return nil }
            self = method
        case (.list(let list), .copy) where list.kind == .list: self = method
        case (.string, .items), (.string, .keys), (.string, .values), (.string, .get), (.string, .copy): return nil
        case (.string, _): self = method
        default: return nil
        }
    }

    /// The names of its arguments in order.
    var parameters: [String] {
        switch self {
        case .center, .ljust, .rjust: ["width", "fillchar"]
        case .count, .find, .index, .rfind, .rindex: ["sub", "start", "end"]
        case .startswith, .endswith: ["prefix", "start", "end"]
        case .expandtabs: ["tabsize"]
        case .join: ["iterable"]
        case .strip, .lstrip, .rstrip: ["chars"]
        case .partition, .rpartition: ["sep"]
        case .removeprefix, .removesuffix: ["affix"]
        case .replace: ["old", "new", "count"]
        case .split, .rsplit: ["sep", "maxsplit"]
        case .splitlines: ["keepends"]
        case .zfill: ["width"]
        case .get: ["key", "default"]
        default: []
        }
    }
}
