import CanonicalJSON

/// Who signed something, judged against the signers that are allowed.
package enum SignatureVerdict: Hashable, Sendable {
    /// A signer who is allowed.
    ///
    /// - `principal`: who, as the list of allowed signers names them.
    /// - `key`: the key's fingerprint, `SHA256:…`.
    case valid(principal: String, key: String)
    /// The signature fits, and nothing says whose key made it.
    case unknownKey(String)
    /// There is a signature, and it does not hold.
    case bad(String)
    /// There is a signature of a kind that nothing here can check. It never counts as valid.
    case unchecked(String)
    case unsigned

    package var isValid: Bool { if case .valid = self { true } else { false } }

    /// Whether somebody put a signature there that is not known to be wrong.
    package var isSigned: Bool {
        switch self {
        case .valid, .unknownKey, .unchecked: true
        case .bad, .unsigned: false
        }
    }

    /// For people: `valid, by ann@example.org`.
    package var words: String {
        switch self {
        case .valid(let principal, _): "valid, by \(principal)"
        case .unknownKey(let key): "unknown key \(key)"
        case .bad(let reason): "bad: \(reason)"
        case .unchecked(let reason): "cannot be checked: \(reason)"
        case .unsigned: "unsigned"
        }
    }
    /// For programs: a verdict's word, and what belongs to it.
    package var json: JSON {
        switch self {
        case .valid(let principal, let key):
            ["verdict": "valid", "principal": .string(principal), "key": .string(key)]
        case .unknownKey(let key): ["verdict": "unknown-key", "key": .string(key)]
        case .bad(let reason): ["verdict": "bad", "reason": .string(reason)]
        case .unchecked(let reason): ["verdict": "unchecked", "reason": .string(reason)]
        case .unsigned: ["verdict": "unsigned"]
        }
    }
}
