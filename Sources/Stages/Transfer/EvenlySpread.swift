extension Array {
    /// So many elements at most, at equal distances.
    func evenlySpread(_ limit: Int) -> [Element] {
        count <= limit ? self : (0..<limit).map { self[$0 * count / limit] }
    }
}
