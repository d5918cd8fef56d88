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
