extension [Double] {
    /// The places of the `count` largest scores among `places`, largest first, equal ones in the order of the places.
    package func nearest(_ count: Int, among places: some Sequence<Int>) -> [Int] {
        var best: [Int] = []
        for place in places {
            if best.count == count {
                guard let last = best.last, self[place] > self[last] else { continue }
                best.removeLast()
            }
            let position = best.lastIndex { self[$0] >= self[place] }.map { $0 + 1 } ?? 0
            best.insert(place, at: position)
        }
        return best
    }
}
