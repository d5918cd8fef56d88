/// A priority queue: `popFirst` gives the smallest element.
struct BinaryHeap<Element: Comparable> {
    private var elements: [Element]

    init(_ elements: [Element] = []) {
        self.elements = elements
        for index in stride(from: elements.count / 2 - 1, through: 0, by: -1) { sink(index) }
    }

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
        elements[0] = last
        sink(0)
        return first
    }

    mutating func removeAll() { elements.removeAll(keepingCapacity: true) }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var smallest = parent
            let children = stride(from: 2 * parent + 1, to: min(2 * parent + 3, elements.count), by: 1)
            for child in children where elements[child] < elements[smallest] { smallest = child }
            if smallest == parent { return }
            elements.swapAt(parent, smallest)
            parent = smallest
        }
    }
}

extension BinaryHeap: Sendable where Element: Sendable {}
