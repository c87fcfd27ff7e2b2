package demo

import (
	"fmt"
	"math/rand/v2"
)

// Given and family names in the scripts that a box office meets; each pair stays within its own.
var names = [][2][]string{
	{{"Ada", "Åsa", "Bruno", "Chloé", "Dónal", "Elif", "Ines", "Jürgen", "Liên", "Marek", "Noor", "Olu", "Priya", "Sára", "Tomás"},
		{"Adeyemi", "Björk", "Çelik", "Dubois", "Fernández", "Kowalczyk", "Lindqvist", "Mac Giolla Phádraig", "Nguyễn", "O'Hara", "Rossi", "Szabó", "van der Berg", "Weiß", "Ünlü"}},
	{{"Анна", "Богдан", "Вера", "Илья", "Олена", "Юлия"}, {"Ковалёва", "Литвин", "Морозова", "Петренко", "Соколова"}},
	{{"Ελένη", "Νίκος", "Σοφία"}, {"Παπαδοπούλου", "Γεωργίου", "Βασιλείου"}},
	{{"ליאת", "נועם", "תמר"}, {"כהן", "לוי", "מזרחי"}},
	{{"ليلى", "عمر", "مريم"}, {"حداد", "المصري", "منصور"}},
	{{"आरती", "देव", "मीरा"}, {"शर्मा", "पाटिल", "गुप्ता"}},
	{{"王", "李", "陈"}, {"小明", "思远", "静怡"}},
	{{"佐藤", "鈴木", "高橋"}, {"葵", "陽翔", "結衣"}},
	{{"김", "이", "박"}, {"서연", "민준", "지우"}},
}

// botMail is where every bot has its address; the box office takes back only what was sold to these.
const botMail = "bots.example.org"

// buyer is who a bot says it is. The number makes the address its own, for a house limits what one address may buy.
func buyer(number int64) map[string]string {
	script := names[0]
	if rand.IntN(3) == 0 {
		script = names[rand.IntN(len(names))]
	}
	name := script[0][rand.IntN(len(script[0]))] + " " + script[1][rand.IntN(len(script[1]))]
	return map[string]string{"name": name, "email": fmt.Sprintf("fan-%d@%s", number, botMail)}
}
