/// Which templates and values no training row may use.
struct HeldOutChoices: Sendable {
    /// Indices by the name of the group.
    private var templates: [String: Set<Int>] = [:]
    /// Indices by the name of the slot.
    private var values: [String: Set<Int>] = [:]

    /// Groups of fewer templates than this lose none.
    private static let fewestTemplates = 4

    /// - Parameters: shares of each group's templates and of each slot's values, from 0 to 1; above 0, at least one is held out.
    init(from library: TemplateLibrary, templateShare: Double, valueShare: Double, seed: Int) {
        for group in library.groups {
            if group.templates.count >= Self.fewestTemplates {
                templates[group.name] = Self.pick(
                    templateShare, of: group.templates.count, seed: seed, stream: "held-out templates/\(group.name)")
            }
            for gap in group.templates.flatMap(\.gaps) where gap.mayHoldOut && values[gap.slot] == nil {
                values[gap.slot] = Self.pick(
                    valueShare, of: gap.choices.count, seed: seed, stream: "held-out values/\(gap.slot)")
            }
        }
    }

    func contains(template index: Int, of group: String) -> Bool { templates[group]?.contains(index) ?? false }
    func contains(value index: Int, of slot: String) -> Bool { values[slot]?.contains(index) ?? false }

    /// At least one where the share is above 0, never all.
    private static func pick(_ share: Double, of count: Int, seed: Int, stream: String) -> Set<Int> {
        guard share > 0, count > 1 else { return [] }
        let wanted = min(max(1, Int((share * Double(count)).rounded())), count - 1)
        return Set(RandomOrder(count: count, seed: seed, stream: stream).prefix(wanted))
    }
}
