/// A priority queue whose first element is the smallest.
struct BinaryHeap<Element: Comparable> {
    private var elements: [Element] = []

    var count: Int { elements.count }

    var first: Element? { elements.first }

    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard elements[child] < elements[parent] else { return }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popFirst() -> Element? {
        guard let last = elements.popLast() else { return nil }
        guard let first = elements.first else { return last }
        replaceFirst(with: last)
        return first
    }

    /// Replaces the smallest element of a heap that is not empty.
    mutating func replaceFirst(with element: Element) {
        elements[0] = element
        var parent = 0
        while case let left = 2 * parent + 1, left < elements.count {
            let child = left + 1 < elements.count && elements[left + 1] < elements[left] ? left + 1 : left
            guard elements[child] < elements[parent] else { return }
            elements.swapAt(child, parent)
            parent = child
        }
    }

    mutating func removeAll() { elements.removeAll(keepingCapacity: true) }
}

extension BinaryHeap: Sendable where Element: Sendable {}

/// The places of the k largest values, by falling value; places of equal values keep their order.
@inline(__always)
func largestPlaces<Value: Comparable>(
    _ k: Int, among places: some Sequence<Int>, value: (_ place: Int) -> Value
) -> [Int] {
    var best: [Int] = []
    best.reserveCapacity(k + 1)
    for place in places {
        let new = value(place)
        if best.count == k {
            guard let last = best.last, new > value(last) else { continue }
            best.removeLast()
        }
        var (low, high) = (0, best.count)
        while low < high {
            let middle = (low + high) / 2
            if value(best[middle]) >= new { low = middle + 1 } else { high = middle }
        }
        best.insert(place, at: low)
    }
    return best
}

extension [Double] {
    /// The places of the `count` largest scores among `places`, largest first; equal scores keep the order of `places`.
    package func nearest(_ count: Int, among places: some Sequence<Int>) -> [Int] {
        largestPlaces(count, among: places) { self[$0] }
    }
}
