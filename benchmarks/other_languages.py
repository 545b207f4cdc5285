"""News in languages that the models were not trained on: made-up sentences."""

GERMAN = (
    "Der Stadtrat hat gestern Abend den neuen Haushalt mit knapper Mehrheit beschlossen.",
    "Die Bahn kündigt für das kommende Wochenende Bauarbeiten auf mehreren Strecken an.",
    "Nach dem Unwetter sind noch immer hunderte Haushalte ohne Strom.",
    "Die Mannschaft gewann das Spiel in der letzten Minute durch einen Elfmeter.",
    "Forscher haben ein Verfahren entwickelt, mit dem Batterien schneller geladen werden können.",
    "Die Preise für Lebensmittel sind im vergangenen Monat erneut gestiegen.",
    "Das Museum zeigt ab Freitag Gemälde aus vier Jahrhunderten.",
    "Der Minister wies die Kritik der Opposition am Donnerstag zurück.",
    "Im Hafen wurde am Morgen ein großes Frachtschiff aus Norwegen entladen.",
    "Viele Schulen suchen dringend Lehrerinnen und Lehrer für Mathematik.",
    "Das Gericht verurteilte den Angeklagten zu einer Geldstrafe.",
    "Die Firma will im nächsten Jahr ein zweites Werk eröffnen.",
    "Bei den Wahlen zeichnet sich eine hohe Beteiligung ab.",
    "Die Sängerin sagte ihr Konzert wegen einer Erkältung ab.",
    "Ein Brand in einer Lagerhalle konnte nach drei Stunden gelöscht werden.",
)

FRENCH = (
    "Le conseil municipal a adopté hier soir le nouveau budget à une courte majorité.",
    "La compagnie annonce des travaux sur plusieurs lignes pendant le week-end prochain.",
    "Après la tempête, des centaines de foyers sont encore privés d'électricité.",
    "L'équipe a gagné le match à la dernière minute grâce à un penalty.",
    "Des chercheurs ont mis au point une batterie qui se recharge plus vite.",
    "Les prix des produits alimentaires ont encore augmenté le mois dernier.",
    "Le musée présente à partir de vendredi des tableaux de quatre siècles.",
    "La ministre a rejeté jeudi les critiques de l'opposition.",
    "Un grand cargo venu de Norvège a été déchargé ce matin dans le port.",
    "De nombreuses écoles cherchent des professeurs de mathématiques.",
    "Le tribunal a condamné l'accusé à une amende.",
    "L'entreprise veut ouvrir une deuxième usine l'année prochaine.",
    "La participation aux élections s'annonce élevée.",
    "La chanteuse a annulé son concert à cause d'un rhume.",
    "L'incendie d'un entrepôt a été maîtrisé au bout de trois heures.",
)
