/// Which points no other beats.
///
/// One point beats another where it costs no more and is no worse, and is better in one of the two. Equal points beat each
/// other not, and stand on the front together. A point that lacks a figure is never on it and beats none.
struct ParetoFront {
    struct Point: Hashable {
        var cost: Double
        /// More is better.
        var quality: Double

        func beats(_ other: Point) -> Bool { cost <= other.cost && quality >= other.quality && self != other }
    }

    /// For each point whether it is on the front.
    let members: [Bool]

    /// - Parameter points: `nil` for what lacks its cost or its quality.
    init(_ points: [Point?]) {
        let known = points.compactMap(\.self)
        members = points.map { point in
            guard let point else { return false }
            return !known.contains { $0.beats(point) }
        }
    }
}
