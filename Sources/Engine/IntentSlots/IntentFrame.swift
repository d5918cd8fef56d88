import CanonicalJSON

/// Which domain each function belongs to, as a recipe says.
package struct FunctionDomains: Hashable, Sendable {
    /// Of functions that no domain names.
    package static let rest = "other"
    /// Of questions that want no call.
    package static let none = ""

    private let domains: [String: String]

    /// - Parameter functions: by domain.
    package init(_ functions: [String: [String]] = [:]) {
        var domains: [String: String] = [:]
        for (domain, names) in functions.sorted(by: { $0.key < $1.key }) { for name in names { domains[name] = domain } }
        self.domains = domains
    }

    /// Domains by function.
    init(json: JSON) { domains = (json.object ?? [:]).compactMapValues(\.string) }

    var json: JSON { .object(domains.mapValues(JSON.string)) }

    /// Whether there are any beside the one that all functions share.
    package var tellApart: Bool { !domains.isEmpty }

    package func domain(ofIntent intent: String) -> String {
        intent == IntentFrame.noIntent ? Self.none : domains[intent] ?? Self.rest
    }
}

/// What a question wants in the terms of systems that classify intents and fill slots: a domain, an intent, slots with values.
///
/// A call is such a frame: its function is the intent, its arguments are the slots. Of several calls, the intents are one word.
package struct IntentFrame: Hashable, Sendable {
    /// Of questions that want no call.
    package static let noIntent = ""

    package let domain: String
    package let intent: String
    /// Names with canonical values, `room=kitchen`, sorted.
    package let slots: [String]

    /// The calls as a frame.
    package init(_ calls: [FunctionCall], _ domains: FunctionDomains) {
        let names = calls.map(\.name).sorted()
        intent = names.joined(separator: "+")
        domain = Set(names.map(domains.domain(ofIntent:))).sorted().joined(separator: "+")
        slots = calls.flatMap { call in
            call.arguments.map { name, value in
                (calls.count > 1 ? call.name + "." : "") + name + "=" + Self.text(of: value)
            }
        }.sorted()
    }

    /// A text as it is, anything else as canonical JSON.
    private static func text(of value: JSON) -> String { value.string ?? value.canonical.canonicalText }
}

/// How well answers say domain, intent and slots.
package struct FrameScores: Sendable {
    private let domains: FunctionDomains
    private var rows = 0
    private var right = (domains: 0, intents: 0, frames: 0)
    private var slots = (wanted: 0, given: 0, both: 0)

    package init(_ domains: FunctionDomains) { self.domains = domains }

    /// - Parameter answer: a list of calls; anything else names no domain, no intent and no slot.
    package mutating func add(_ row: Row, answer: String?) {
        rows += 1
        let wanted = IntentFrame(row.answers.map(\.canonical), domains)
        slots.wanted += wanted.slots.count
        guard let calls = answer.flatMap({ try? CallParser.calls(in: $0).get() }) else { return }
        let given = IntentFrame(calls.map(\.canonical), domains)
        right.domains += given.domain == wanted.domain ? 1 : 0
        right.intents += given.intent == wanted.intent ? 1 : 0
        right.frames += given == wanted ? 1 : 0
        slots.given += given.slots.count
        // Slots of another intent are other slots.
        if given.intent == wanted.intent { slots.both += Self.common(given.slots, wanted.slots) }
    }

    private static func common(_ left: [String], _ right: [String]) -> Int {
        var rest = right
        return left.count { slot in
            guard let place = rest.firstIndex(of: slot) else { return false }
            rest.remove(at: place)
            return true
        }
    }

    /// The scores by name; `null` where nothing was counted that they are shares of.
    package var members: [String: JSON] {
        return [
            "domain": .share(right.domains, of: rows), "intent": .share(right.intents, of: rows),
            "frame": .share(right.frames, of: rows),
            "slot_precision": .share(slots.both, of: slots.given), "slot_recall": .share(slots.both, of: slots.wanted),
            "slot_f1": .share(2 * slots.both, of: slots.given + slots.wanted),
        ]
    }
}
